// SPDX-License-Identifier: MIT
#include "text/normalizer.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/byte_alphabet.h"
#include "text/character_class.h"
#include "text/growth_limit.h"
#include "text/regex.h"

namespace bantam {

TextRewriter::TextRewriter(TrackedText& target) : target_(target) {
  text_.reserve(target.text.size() + 16);
}

void TextRewriter::put(std::string_view out, ByteRange source) {
  if (out.empty()) {
    return;
  }
  if (!began_) {
    began_ = true;
    at_origin_ = target_.at_origin && source.begin == 0;
  }
  check_growth(text_.size() + out.size());
  text_ += out;
  if (!target_.input_marks.empty()) {
    const bool input = std::string_view(target_.input_marks)
                           .substr(source.begin, source.end - source.begin)
                           .find('\1') != std::string_view::npos;
    marks_.append(out.size(), input ? '\1' : '\0');
  }
}

void TextRewriter::copy(ByteRange source) {
  if (source.begin >= source.end) {
    return;
  }
  if (!began_) {
    began_ = true;
    at_origin_ = target_.at_origin && source.begin == 0;
  }
  const size_t length = source.end - source.begin;
  text_.append(target_.text, source.begin, length);
  if (!target_.input_marks.empty()) {
    marks_.append(target_.input_marks, source.begin, length);
  }
}

void TextRewriter::finish() {
  target_.text = std::move(text_);
  target_.input_marks = std::move(marks_);
  target_.at_origin = at_origin_;
}

namespace {

/// Calls visit(character, range) for each character.
template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (size_t at = 0; at < text.size();) {
    const Utf8Character c = decode_utf8(text, at);
    const size_t end = at + std::max(1, c.length);
    visit(c.code_point, ByteRange{at, end});
    at = end;
  }
}

/// A normalizer that looks at one character at a time. `Rule` is called as
/// rule(character, range, rewriter) and writes what it becomes.
template <typename Rule>
class CharacterNormalizer : public Normalizer {
 public:
  explicit CharacterNormalizer(Rule rule) : rule_(std::move(rule)) {}
  void apply(TrackedText& text) const override {
    TextRewriter rewriter(text);
    for_each_character(text.text, [&](char32_t c, ByteRange range) {
      rule_(c, range, rewriter);
    });
    rewriter.finish();
  }

 private:
  Rule rule_;
};

template <typename Rule>
std::unique_ptr<Normalizer> by_character(Rule rule) {
  return std::make_unique<CharacterNormalizer<Rule>>(std::move(rule));
}

class Strip : public Normalizer {
 public:
  explicit Strip(const StripOptions& options) : options_(options) {}

  void apply(TrackedText& text) const override {
    size_t begin = text.text.size();
    size_t end = 0;
    for_each_character(text.text, [&](char32_t c, ByteRange range) {
      if (!is_white_space(c)) {
        begin = std::min(begin, range.begin);
        end = range.end;
      }
    });
    TextRewriter rewriter(text);
    rewriter.copy(
        {options_.left ? begin : 0, options_.right ? end : text.text.size()});
    rewriter.finish();
  }

 private:
  StripOptions options_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}

  void apply(TrackedText& text) const override {
    if (text.text.empty()) {
      return;
    }
    check_growth(text.text.size() + prefix_.size());
    text.text.insert(0, prefix_);
    if (!text.input_marks.empty()) {
      text.input_marks.insert(0, prefix_.size(), '\0');
    }
  }

 private:
  std::string prefix_;
};

class StringReplace : public Normalizer {
 public:
  StringReplace(std::string pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}

  void apply(TrackedText& text) const override {
    size_t found = text.text.find(pattern_);
    if (found == std::string::npos || pattern_.empty()) {
      return;
    }
    TextRewriter rewriter(text);
    size_t at = 0;
    for (; found != std::string::npos; found = text.text.find(pattern_, at)) {
      rewriter.copy({at, found});
      at = found + pattern_.size();
      rewriter.put(content_, {found, at});
    }
    rewriter.copy({at, text.text.size()});
    rewriter.finish();
  }

 private:
  std::string pattern_;
  std::string content_;
};

class RegexReplace : public Normalizer {
 public:
  RegexReplace(Regex regex, std::string content)
      : regex_(std::move(regex)), content_(std::move(content)) {}

  void apply(TrackedText& text) const override {
    TextRewriter rewriter(text);
    RegexSearch search(regex_);
    search.start(text.text);
    size_t at = 0;
    while (const auto match = search.next()) {
      rewriter.copy({at, match->begin});
      rewriter.put(content_, *match);
      at = match->end;
    }
    rewriter.copy({at, text.text.size()});
    rewriter.finish();
  }

 private:
  Regex regex_;
  std::string content_;
};

class NormalizerSequence : public Normalizer {
 public:
  explicit NormalizerSequence(std::vector<std::unique_ptr<Normalizer>> stages)
      : stages_(std::move(stages)) {}
  void apply(TrackedText& text) const override {
    for (const auto& stage : stages_) {
      stage->apply(text);
    }
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> stages_;
};

bool nmt_removes(char32_t c) {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) ||
      c == 0x7F || c == 0x8F || c == 0x9F;
}

bool nmt_makes_space(char32_t c) {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
      (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
      c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

}  // namespace

std::unique_ptr<Normalizer> make_strip_accents() {
  return by_character([](char32_t c, ByteRange range, TextRewriter& out) {
    if (!is_mark(c)) {
      out.copy(range);
    }
  });
}

std::unique_ptr<Normalizer> make_nmt() {
  return by_character([](char32_t c, ByteRange range, TextRewriter& out) {
    if (nmt_makes_space(c)) {
      out.put(" ", range);
    } else if (!nmt_removes(c)) {
      out.copy(range);
    }
  });
}

std::unique_ptr<Normalizer> make_byte_level_normalizer() {
  return by_character([](char32_t, ByteRange range, TextRewriter& out) {
    std::string spelled;
    append_byte_alphabet(
        std::string_view(out.old()).substr(
            range.begin, range.end - range.begin),
        spelled);
    out.put(spelled, range);
  });
}

std::unique_ptr<Normalizer> make_strip(const StripOptions& options) {
  return std::make_unique<Strip>(options);
}

std::unique_ptr<Normalizer> make_prepend(std::string prefix) {
  return std::make_unique<Prepend>(std::move(prefix));
}

std::unique_ptr<Normalizer> make_string_replace(
    std::string pattern,
    std::string content) {
  return std::make_unique<StringReplace>(
      std::move(pattern), std::move(content));
}

std::unique_ptr<Normalizer> make_regex_replace(
    const std::string& pattern,
    std::string content,
    const std::string& where) {
  return std::make_unique<RegexReplace>(
      Regex(pattern, where), std::move(content));
}

std::unique_ptr<Normalizer> make_normalizer_sequence(
    std::vector<std::unique_ptr<Normalizer>> stages) {
  return std::make_unique<NormalizerSequence>(std::move(stages));
}

}  // namespace bantam
