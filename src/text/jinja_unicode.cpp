// SPDX-License-Identifier: MIT
#include "text/jinja_unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/utf8.h"

namespace bantam::jinja {

namespace {

struct CharacterRange {
  char32_t first;
  char32_t last;
};

template <size_t N>
bool within(const CharacterRange (&ranges)[N], char32_t c) {
  const CharacterRange* range = std::upper_bound(
      std::begin(ranges), std::end(ranges), c, [](char32_t at, const auto& r) {
        return at <= r.last;
      });
  return range != std::end(ranges) && range->first <= c;
}

// Numeric_Type=Digit without Decimal (UnicodeData.txt).
constexpr CharacterRange kOtherDigits[] = {
    {0xB2, 0xB3},       {0xB9, 0xB9},       {0x1369, 0x1371},
    {0x19DA, 0x19DA},   {0x2070, 0x2070},   {0x2074, 0x2079},
    {0x2080, 0x2089},   {0x2460, 0x2468},   {0x2474, 0x247C},
    {0x2488, 0x2490},   {0x24EA, 0x24EA},   {0x24F5, 0x24FD},
    {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},
    {0x278A, 0x2792},   {0x10A40, 0x10A43}, {0x10E60, 0x10E68},
    {0x11052, 0x1105A}, {0x1F100, 0x1F10A}};

// Letters with a numeric value (Unihan's kPrimaryNumeric and the like).
constexpr CharacterRange kNumericLetters[] = {
    {0x3405, 0x3405},   {0x3483, 0x3483},   {0x382A, 0x382A},
    {0x3B4D, 0x3B4D},   {0x4E00, 0x4E00},   {0x4E03, 0x4E03},
    {0x4E07, 0x4E07},   {0x4E09, 0x4E09},   {0x4E5D, 0x4E5D},
    {0x4E8C, 0x4E8C},   {0x4E94, 0x4E94},   {0x4E96, 0x4E96},
    {0x4EBF, 0x4EC0},   {0x4EDF, 0x4EDF},   {0x4EE8, 0x4EE8},
    {0x4F0D, 0x4F0D},   {0x4F70, 0x4F70},   {0x5104, 0x5104},
    {0x5146, 0x5146},   {0x5169, 0x5169},   {0x516B, 0x516B},
    {0x516D, 0x516D},   {0x5341, 0x5341},   {0x5343, 0x5345},
    {0x534C, 0x534C},   {0x53C1, 0x53C4},   {0x56DB, 0x56DB},
    {0x58F1, 0x58F1},   {0x58F9, 0x58F9},   {0x5E7A, 0x5E7A},
    {0x5EFE, 0x5EFF},   {0x5F0C, 0x5F0E},   {0x5F10, 0x5F10},
    {0x62FE, 0x62FE},   {0x634C, 0x634C},   {0x67D2, 0x67D2},
    {0x6F06, 0x6F06},   {0x7396, 0x7396},   {0x767E, 0x767E},
    {0x8086, 0x8086},   {0x842C, 0x842C},   {0x8CAE, 0x8CAE},
    {0x8CB3, 0x8CB3},   {0x8D30, 0x8D30},   {0x9621, 0x9621},
    {0x9646, 0x9646},   {0x964C, 0x964C},   {0x9678, 0x9678},
    {0x96F6, 0x96F6},   {0xF96B, 0xF96B},   {0xF973, 0xF973},
    {0xF978, 0xF978},   {0xF9B2, 0xF9B2},   {0xF9D1, 0xF9D1},
    {0xF9D3, 0xF9D3},   {0xF9FD, 0xF9FD},   {0x20001, 0x20001},
    {0x20064, 0x20064}, {0x200E2, 0x200E2}, {0x20121, 0x20121},
    {0x2092A, 0x2092A}, {0x20983, 0x20983}, {0x2098C, 0x2098C},
    {0x2099C, 0x2099C}, {0x20AEA, 0x20AEA}, {0x20AFD, 0x20AFD},
    {0x20B19, 0x20B19}, {0x22390, 0x22390}, {0x22998, 0x22998},
    {0x23B1B, 0x23B1B}, {0x2626D, 0x2626D}, {0x2F890, 0x2F890}};

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

}  // namespace

char32_t character_at(std::string_view text, size_t offset, int& length) {
  const auto byte = static_cast<unsigned char>(text[offset]);
  if (byte < 0x80) {
    length = 1;
    return byte;
  }
  const Utf8Character c = decode_utf8(text, offset);
  length = std::max(c.length, 1);
  return c.length == 0 ? kReplacementCharacter : c.code_point;
}

int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  });
}

size_t byte_offset(std::string_view text, int64_t index) {
  size_t offset = 0;
  for (; offset < text.size(); ++offset) {
    const auto byte = static_cast<unsigned char>(text[offset]);
    if ((byte & 0xC0) != 0x80 && index-- == 0) {
      break;
    }
  }
  return offset;
}

std::vector<size_t> character_starts(std::string_view text) {
  std::vector<size_t> starts;
  starts.reserve(text.size() + 1);
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) {
      starts.push_back(i);
    }
  }
  starts.push_back(text.size());
  return starts;
}

bool is_space(char32_t c) {
  if (c < 0x80) {
    return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
  }
  return c == 0x85 || c == 0xA0 || c == 0x1680 ||
      (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
      c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_line_end(char32_t c) {
  return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 ||
      c == 0x2028 || c == 0x2029;
}

bool is_alpha(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_ND;
}

bool is_digit(char32_t c) {
  return is_decimal(c) || within(kOtherDigits, c);
}

bool is_numeric(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return (kind >= UTF8PROC_CATEGORY_ND && kind <= UTF8PROC_CATEGORY_NO) ||
      within(kNumericLetters, c);
}

bool is_alphanumeric(char32_t c) {
  return is_alpha(c) || is_numeric(c);
}

bool is_upper(char32_t c) {
  // Other_Uppercase: Roman numerals and circled letters.
  return category(c) == UTF8PROC_CATEGORY_LU || (c >= 0x2160 && c <= 0x216F) ||
      (c >= 0x24B6 && c <= 0x24CF) || (c >= 0x1F130 && c <= 0x1F149) ||
      (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
}

bool is_lower(char32_t c) {
  // Other_Lowercase: the common ones.
  return category(c) == UTF8PROC_CATEGORY_LL || c == 0xAA || c == 0xBA ||
      (c >= 0x2B0 && c <= 0x2B8) || (c >= 0x2170 && c <= 0x217F) ||
      (c >= 0x24D0 && c <= 0x24E9) || c == 0x2071 || c == 0x207F ||
      (c >= 0x2090 && c <= 0x209C) || (c >= 0x1D2C && c <= 0x1D6A);
}

bool is_title(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LT;
}

bool is_printable(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return c == ' ' ||
      (kind != UTF8PROC_CATEGORY_CN && kind < UTF8PROC_CATEGORY_ZS);
}

bool is_word(char32_t c) {
  return c == '_' || is_alphanumeric(c);
}

bool is_identifier_start(char32_t c) {
  return c == '_' || is_alpha(c) || category(c) == UTF8PROC_CATEGORY_NL;
}

bool is_identifier_part(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return is_identifier_start(c) || kind == UTF8PROC_CATEGORY_ND ||
      kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC ||
      kind == UTF8PROC_CATEGORY_PC;
}

bool all_characters(std::string_view text, bool (*test)(char32_t)) {
  int length = 0;
  for (size_t i = 0; i < text.size(); i += length) {
    if (!test(character_at(text, i, length))) {
      return false;
    }
  }
  return !text.empty();
}

size_t skip_space(std::string_view text, size_t offset) {
  int length = 0;
  while (offset < text.size() && is_space(character_at(text, offset, length))) {
    offset += length;
  }
  return offset;
}

std::string_view strip_right(std::string_view text) {
  while (!text.empty()) {
    size_t last = text.size() - 1;
    while (last > 0 &&
           (static_cast<unsigned char>(text[last]) & 0xC0) == 0x80) {
      --last;
    }
    int length = 0;
    if (!is_space(character_at(text, last, length))) {
      break;
    }
    text = text.substr(0, last);
  }
  return text;
}

}  // namespace bantam::jinja
