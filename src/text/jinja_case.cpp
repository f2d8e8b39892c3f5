// SPDX-License-Identifier: MIT
// Case mapping as CPython's unicodeobject.c does it: full mappings from
// SpecialCasing.txt, the final sigma, and title case word by word.
#include <utf8proc.h>

#include "base/utf8.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

constexpr char32_t kSigma = 0x3A3;
constexpr char32_t kSmallSigma = 0x3C3;
constexpr char32_t kFinalSigma = 0x3C2;
constexpr char32_t kDottedI = 0x130;

enum class Case { upper, lower, title, fold, keep };

bool is_cased(char32_t c) {
  return is_upper(c) || is_lower(c) || is_title(c);
}

// Property Case_Ignorable, near enough: marks, modifiers and apostrophes.
bool is_case_ignorable(char32_t c) {
  const auto kind = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME ||
      kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_LM ||
      kind == UTF8PROC_CATEGORY_SK || c == '\'' || c == '.' || c == ':' ||
      c == 0xB7 || c == 0x2018 || c == 0x2019 || c == 0x2024 || c == 0x2027;
}

char32_t character_before(std::string_view text, size_t& offset) {
  do {
    --offset;
  } while (offset > 0 &&
           (static_cast<unsigned char>(text[offset]) & 0xC0) == 0x80);
  int length = 0;
  return character_at(text, offset, length);
}

// A sigma is final when a cased letter stands before it and none after it,
// case-ignorable characters aside (Unicode 3.13, Final_Sigma).
bool is_final_sigma(std::string_view text, size_t offset, int length) {
  size_t before = offset;
  bool cased_before = false;
  while (before > 0) {
    const char32_t c = character_before(text, before);
    if (!is_case_ignorable(c)) {
      cased_before = is_cased(c);
      break;
    }
  }
  if (!cased_before) {
    return false;
  }
  int step = 0;
  for (size_t i = offset + length; i < text.size(); i += step) {
    const char32_t c = character_at(text, i, step);
    if (!is_case_ignorable(c)) {
      return !is_cased(c);
    }
  }
  return true;
}

void append_folded(char32_t c, std::string& out) {
  utf8proc_int32_t folded[8];
  int boundary = 0;
  const auto count = utf8proc_decompose_char(
      static_cast<utf8proc_int32_t>(c),
      folded,
      8,
      UTF8PROC_CASEFOLD,
      &boundary);
  for (utf8proc_ssize_t i = 0; i < count && i < 8; ++i) {
    append_utf8(static_cast<char32_t>(folded[i]), out);
  }
}

std::string map_character(
    std::string_view text,
    size_t offset,
    int length,
    char32_t c,
    Case target) {
  std::string out;
  const auto code = static_cast<utf8proc_int32_t>(c);
  if (target == Case::keep) {
    append_utf8(c, out);
  } else if (target == Case::fold) {
    append_folded(c, out);
  } else if (target == Case::lower) {
    if (c == kDottedI) {
      out = "i\u0307";
    } else if (c == kSigma) {
      const bool is_final = is_final_sigma(text, offset, length);
      append_utf8(is_final ? kFinalSigma : kSmallSigma, out);
    } else {
      append_utf8(static_cast<char32_t>(utf8proc_tolower(code)), out);
    }
  } else if (const SpecialCasing* special = special_casing(c)) {
    out = target == Case::upper ? special->upper : special->title;
  } else {
    append_utf8(
        static_cast<char32_t>(
            target == Case::upper ? utf8proc_toupper(code)
                                  : utf8proc_totitle(code)),
        out);
  }
  return out;
}

// `choose(c, index)` names the case of each character.
template <typename Choose>
Text map_text(const Text& text, Choose choose) {
  Text result;
  result.bytes.reserve(text.size());
  int length = 0;
  bool first = true;
  for (size_t i = 0; i < text.size(); i += length) {
    const char32_t c = character_at(text.bytes, i, length);
    const std::string mapped =
        map_character(text.bytes, i, length, c, choose(c, first));
    result.append(mapped, text.has_input() && text.is_input(i));
    first = false;
  }
  return result;
}

}  // namespace

Text to_upper(const Text& text) {
  return map_text(text, [](char32_t, bool) { return Case::upper; });
}

Text to_lower(const Text& text) {
  return map_text(text, [](char32_t, bool) { return Case::lower; });
}

Text case_fold(const Text& text) {
  return map_text(text, [](char32_t, bool) { return Case::fold; });
}

Text capitalize(const Text& text) {
  return map_text(text, [](char32_t, bool first) {
    return first ? Case::title : Case::lower;
  });
}

Text swap_case(const Text& text) {
  return map_text(text, [](char32_t c, bool) {
    return is_upper(c) ? Case::lower : is_lower(c) ? Case::upper : Case::keep;
  });
}

Text to_title(const Text& text) {
  bool previous_cased = false;
  return map_text(text, [&](char32_t c, bool) {
    const Case target = previous_cased ? Case::lower : Case::title;
    previous_cased = is_cased(c);
    return target;
  });
}

std::string to_lower(std::string_view text) {
  return to_lower(Text(text)).bytes;
}

}  // namespace bantam::jinja
