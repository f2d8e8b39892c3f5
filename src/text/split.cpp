// SPDX-License-Identifier: MIT
// Pre-tokenizers that only cut: they find matches in each word and keep, drop
// or join them as tokenizers' SplitDelimiterBehavior says.
#include <algorithm>

#include "base/utf8.h"
#include "text/pre_tokenizer.h"
#include "text/regex.h"

namespace bantam {

namespace {

struct Span {
  ByteRange range;
  bool is_match;
};

void append_word(ByteRange range, std::vector<ByteRange>& out) {
  if (range.begin < range.end) {
    out.push_back(range);
  }
}

/// Joins each match with the span before it, unless that is a match itself.
void merge_with_previous(
    const std::vector<Span>& spans,
    std::vector<ByteRange>& out) {
  std::optional<ByteRange> open;
  bool after_match = false;
  for (const Span& span : spans) {
    if (span.is_match && !after_match && open) {
      open->end = span.range.end;
    } else {
      if (open) {
        append_word(*open, out);
      }
      open = span.range;
    }
    after_match = span.is_match;
  }
  if (open) {
    append_word(*open, out);
  }
}

void merge_with_next(
    const std::vector<Span>& spans,
    std::vector<ByteRange>& out) {
  const size_t first = out.size();
  std::optional<ByteRange> open;
  bool before_match = false;
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    if (span->is_match && !before_match && open) {
      open->begin = span->range.begin;
    } else {
      if (open) {
        append_word(*open, out);
      }
      open = span->range;
    }
    before_match = span->is_match;
  }
  if (open) {
    append_word(*open, out);
  }
  std::reverse(out.begin() + first, out.end());
}

void merge_contiguous(
    const std::vector<Span>& spans,
    std::vector<ByteRange>& out) {
  std::optional<ByteRange> open;
  bool last_is_match = false;
  for (const Span& span : spans) {
    if (span.is_match == last_is_match && open) {
      open->end = span.range.end;
    } else {
      if (open) {
        append_word(*open, out);
      }
      open = span.range;
    }
    last_is_match = span.is_match;
  }
  if (open) {
    append_word(*open, out);
  }
}

void append_words(
    const std::vector<Span>& spans,
    SplitBehavior behavior,
    std::vector<ByteRange>& out) {
  switch (behavior) {
    case SplitBehavior::merged_with_previous:
      return merge_with_previous(spans, out);
    case SplitBehavior::merged_with_next:
      return merge_with_next(spans, out);
    case SplitBehavior::contiguous:
      return merge_contiguous(spans, out);
    case SplitBehavior::removed:
    case SplitBehavior::isolated:
      break;
  }
  for (const Span& span : spans) {
    if (!span.is_match || behavior == SplitBehavior::isolated) {
      append_word(span.range, out);
    }
  }
}

/// Finds matches word by word; `Finder` has start(text) and next().
template <typename Finder>
void split_words(
    Finder& finder,
    SplitBehavior behavior,
    bool invert,
    Words& words) {
  std::vector<ByteRange> out;
  out.reserve(words.ranges.size());
  std::vector<Span> spans;
  for (const ByteRange word : words.ranges) {
    const auto text =
        std::string_view(words.text).substr(word.begin, word.end - word.begin);
    finder.start(text);
    spans.clear();
    size_t at = 0;
    while (const auto match = finder.next()) {
      if (at < match->begin) {
        spans.push_back({{word.begin + at, word.begin + match->begin}, invert});
      }
      spans.push_back(
          {{word.begin + match->begin, word.begin + match->end}, !invert});
      at = match->end;
    }
    if (at < text.size()) {
      spans.push_back({{word.begin + at, word.end}, invert});
    }
    append_words(spans, behavior, out);
  }
  const bool same_start = !out.empty() && !words.ranges.empty() &&
      out[0].begin == words.ranges[0].begin;
  words.at_origin = words.at_origin && same_start;
  words.ranges = std::move(out);
}

class RegexSplit : public PreTokenizer {
 public:
  RegexSplit(Regex regex, SplitBehavior behavior, bool invert)
      : regex_(std::move(regex)), behavior_(behavior), invert_(invert) {}

  void apply(Words& words) const override {
    RegexSearch search(regex_);
    split_words(search, behavior_, invert_, words);
  }

 private:
  Regex regex_;
  SplitBehavior behavior_;
  bool invert_;
};

class StringSearch {
 public:
  explicit StringSearch(std::string_view pattern) : pattern_(pattern) {}
  void start(std::string_view text) {
    text_ = text;
    from_ = 0;
  }
  std::optional<ByteRange> next() {
    const size_t begin = text_.find(pattern_, from_);
    if (begin == text_.npos || pattern_.empty()) {
      return std::nullopt;
    }
    from_ = begin + pattern_.size();
    return ByteRange{begin, from_};
  }

 private:
  std::string_view pattern_;
  std::string_view text_;
  size_t from_ = 0;
};

class StringSplit : public PreTokenizer {
 public:
  StringSplit(std::string pattern, SplitBehavior behavior, bool invert)
      : pattern_(std::move(pattern)), behavior_(behavior), invert_(invert) {}

  void apply(Words& words) const override {
    StringSearch search(pattern_);
    split_words(search, behavior_, invert_, words);
  }

 private:
  std::string pattern_;
  SplitBehavior behavior_;
  bool invert_;
};

class CharacterSearch {
 public:
  explicit CharacterSearch(CharacterTest test) : test_(test) {}
  void start(std::string_view text) {
    text_ = text;
    from_ = 0;
  }
  std::optional<ByteRange> next() {
    while (from_ < text_.size()) {
      const Utf8Character c = decode_utf8(text_, from_);
      const size_t begin = from_;
      from_ += std::max(1, c.length);
      if (test_(c.code_point)) {
        return ByteRange{begin, from_};
      }
    }
    return std::nullopt;
  }

 private:
  CharacterTest test_;
  std::string_view text_;
  size_t from_ = 0;
};

class CharacterSplit : public PreTokenizer {
 public:
  CharacterSplit(CharacterTest test, SplitBehavior behavior)
      : test_(test), behavior_(behavior) {}

  void apply(Words& words) const override {
    CharacterSearch search(test_);
    split_words(search, behavior_, false, words);
  }

 private:
  CharacterTest test_;
  SplitBehavior behavior_;
};

class FixedLengthSplit : public PreTokenizer {
 public:
  explicit FixedLengthSplit(size_t length) : length_(length) {}

  void apply(Words& words) const override {
    std::vector<ByteRange> out;
    for (const ByteRange word : words.ranges) {
      size_t begin = word.begin;
      size_t characters = 0;
      for (size_t at = word.begin; at < word.end;) {
        at += std::max(1, decode_utf8(words.text, at).length);
        if (++characters == length_ || at >= word.end) {
          out.push_back({begin, at});
          begin = at;
          characters = 0;
        }
      }
    }
    words.ranges = std::move(out);
  }

 private:
  size_t length_;
};

}  // namespace

std::unique_ptr<PreTokenizer> make_regex_split(
    const std::string& pattern,
    SplitBehavior behavior,
    bool invert,
    const std::string& where) {
  return std::make_unique<RegexSplit>(Regex(pattern, where), behavior, invert);
}

std::unique_ptr<PreTokenizer> make_string_split(
    std::string pattern,
    SplitBehavior behavior,
    bool invert) {
  return std::make_unique<StringSplit>(std::move(pattern), behavior, invert);
}

std::unique_ptr<PreTokenizer> make_character_split(
    CharacterTest test,
    SplitBehavior behavior) {
  return std::make_unique<CharacterSplit>(test, behavior);
}

std::unique_ptr<PreTokenizer> make_fixed_length_split(size_t length) {
  return std::make_unique<FixedLengthSplit>(length);
}

}  // namespace bantam
