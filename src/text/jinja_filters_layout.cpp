// SPDX-License-Identifier: MIT
// Filters that lay text out: indent, truncate, wordwrap.
#include <algorithm>

#include "text/jinja_escapes.h"
#include "text/jinja_filters.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_strings.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

const String& require_string(const Value& value, std::string_view what) {
  if (value.is_undefined()) {
    raise("{}", value.undefined().message());
  }
  if (!value.is_string()) {
    raise("{} needs a string, not '{}'", what, type_name(value));
  }
  return value.string();
}

Value indent(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("indent", args, {"width", "first", "blank"});
  const String& string = require_string(subject, "indent");
  Text indention("    ");
  if (bound[0] && bound[0]->is_string()) {
    indention = bound[0]->text();
  } else if (bound[0]) {
    const auto width = std::max<int64_t>(0, as_index(*bound[0]));
    runtime.meter.expect(static_cast<size_t>(width));
    indention = Text(std::string(static_cast<size_t>(width), ' '));
  }
  const bool blank = flag(runtime, bound[2]);
  Text text = string.text;
  text.append("\n");
  const std::vector<Text> lines = split_lines(runtime, text, false);
  Text result;
  if (flag(runtime, bound[1])) {
    result.append(indention);
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      result.append("\n");
      if (blank || !lines[i].bytes.empty()) {
        result.append(indention);
      }
    }
    result.append(lines[i]);
    runtime.meter.expect(result.size());
    runtime.meter.work_on_bytes(indention.size());
  }
  return runtime.string(std::move(result), string.markup);
}

Value truncate(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound =
      bind("truncate", args, {"length", "killwords", "end", "leeway"});
  const String& string = require_string(subject, "truncate");
  const int64_t length = bound[0] ? as_index(*bound[0]) : 255;
  const Text end =
      bound[2] ? require_string(*bound[2], "truncate").text : "...";
  const bool has_leeway = bound[3] && !bound[3]->is_none();
  const int64_t leeway = has_leeway ? as_index(*bound[3]) : 5;
  const int64_t end_length = count_characters(end.bytes);
  if (length < end_length) {
    raise("expected length >= {}, got {}", end_length, length);
  }
  if (leeway < 0) {
    raise("expected leeway >= 0, got {}", leeway);
  }
  const Text& text = string.text;
  runtime.meter.work_on_bytes(text.size());
  if (count_characters(text.bytes) <= length + leeway) {
    return subject;
  }
  size_t cut = byte_offset(text.bytes, length - end_length);
  if (!flag(runtime, bound[1])) {
    const size_t space = std::string_view(text.bytes).substr(0, cut).rfind(' ');
    cut = space == std::string_view::npos ? cut : space;
  }
  Text result = slice(text, 0, cut);
  result.append(string.markup ? escape_html(end) : end);
  return runtime.string(std::move(result), string.markup);
}

// Python's textwrap with expand_tabs and replace_whitespace off.
class Wrapper {
 public:
  struct Options {
    int64_t width;
    bool break_long_words;
    bool break_on_hyphens;
  };

  Wrapper(std::string_view line, const Options& options) : options_(options) {
    int length = 0;
    for (size_t i = 0; i < line.size(); i += length) {
      characters_.push_back(character_at(line, i, length));
      offsets_.push_back(i);
    }
    offsets_.push_back(line.size());
  }

  /// Byte ranges of the wrapped lines.
  std::vector<ByteRange> run() {
    split_chunks();
    std::vector<ByteRange> lines;
    while (next_ < chunks_.size()) {
      wrap_line(lines);
    }
    return lines;
  }

 private:
  struct Chunk {
    size_t begin;
    size_t end;
    size_t size() const { return end - begin; }
  };

  static bool is_blank(char32_t c) { return c == ' ' || (c >= 9 && c <= 13); }
  static bool is_letter(char32_t c) { return is_word(c) && !is_decimal(c); }
  static bool is_word_punctuation(char32_t c) {
    return is_word(c) ||
        std::u32string_view(U"!\"'&.,?").find(c) != std::u32string_view::npos;
  }
  char32_t at(size_t i) const {
    return i < characters_.size() ? characters_[i] : U'\0';
  }

  // The end of "--" or more before a word at `i`, or `i`.
  size_t dashes_end(size_t i) const {
    size_t end = i;
    while (at(end) == '-') {
      ++end;
    }
    const bool dash = i > 0 && is_word_punctuation(at(i - 1)) && end - i >= 2 &&
        end < characters_.size() && is_word(at(end));
    return dash ? end : i;
  }

  // Does a hyphen at `i` end a part of a hyphenated word?
  bool splits_at_hyphen(size_t i) const {
    if (at(i) != '-' || i + 1 >= characters_.size()) {
      return false;
    }
    const bool before =
        (i >= 2 && is_letter(at(i - 1)) && is_letter(at(i - 2))) ||
        (i >= 3 && is_letter(at(i - 3)) && at(i - 2) == '-' &&
         is_word_punctuation(at(i - 1)));
    const size_t second = i + 2 + (at(i + 2) == '-');
    const bool after = is_letter(at(i + 1)) && second < characters_.size() &&
        is_letter(at(second));
    return before && after;
  }

  size_t word_end(size_t begin) const {
    size_t end = begin + 1;
    for (; end < characters_.size() && !is_blank(at(end)); ++end) {
      if (!options_.break_on_hyphens) {
        continue;
      }
      if (splits_at_hyphen(end)) {
        return end + 1;
      }
      if (dashes_end(end) > end) {
        return end;
      }
    }
    return end;
  }

  void split_chunks() {
    for (size_t begin = 0; begin < characters_.size();) {
      size_t end = begin;
      while (end < characters_.size() && is_blank(at(end))) {
        ++end;
      }
      if (end == begin && options_.break_on_hyphens) {
        end = dashes_end(begin);
      }
      if (end == begin) {
        end = word_end(begin);
      }
      chunks_.push_back({begin, end});
      begin = end;
    }
  }

  bool is_blank_chunk(const Chunk& chunk) const {
    for (size_t i = chunk.begin; i < chunk.end; ++i) {
      if (!is_space(at(i))) {
        return false;
      }
    }
    return true;
  }

  void wrap_line(std::vector<ByteRange>& lines) {
    if (is_blank_chunk(chunks_[next_]) && !lines.empty()) {
      ++next_;
    }
    const auto width = static_cast<size_t>(options_.width);
    std::vector<Chunk> line;
    size_t used = 0;
    while (next_ < chunks_.size() && used + chunks_[next_].size() <= width) {
      used += chunks_[next_].size();
      line.push_back(chunks_[next_++]);
    }
    if (next_ < chunks_.size() && chunks_[next_].size() > width) {
      break_word(line, width - used);
    }
    if (!line.empty() && is_blank_chunk(line.back())) {
      line.pop_back();
    }
    if (!line.empty()) {
      lines.push_back(
          {offsets_[line.front().begin], offsets_[line.back().end]});
    }
  }

  void break_word(std::vector<Chunk>& line, size_t room) {
    Chunk& word = chunks_[next_];
    if (!options_.break_long_words) {
      if (line.empty()) {
        line.push_back(word);
        ++next_;
      }
      return;
    }
    size_t length = room;
    if (options_.break_on_hyphens) {
      for (size_t i = room; i-- > 1;) {
        if (at(word.begin + i) == '-') {
          const bool only_dashes = std::all_of(
              characters_.begin() + static_cast<ptrdiff_t>(word.begin),
              characters_.begin() + static_cast<ptrdiff_t>(word.begin + i),
              [](char32_t c) { return c == '-'; });
          length = only_dashes ? length : i + 1;
          break;
        }
      }
    }
    line.push_back({word.begin, word.begin + length});
    word.begin += length;
  }

  Options options_;
  std::vector<char32_t> characters_;
  std::vector<size_t> offsets_;
  std::vector<Chunk> chunks_;
  size_t next_ = 0;
};

Value word_wrap(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind(
      "wordwrap",
      args,
      {"width", "break_long_words", "wrapstring", "break_on_hyphens"});
  const String& string = require_string(subject, "wordwrap");
  const int64_t width = bound[0] ? as_index(*bound[0]) : 79;
  const bool has_mark = bound[2] && !bound[2]->is_none();
  const Text mark =
      has_mark ? require_string(*bound[2], "wordwrap").text : "\n";
  runtime.meter.expect(string.text.size() * 32);
  runtime.meter.work_on_bytes(string.text.size() * 32);
  Text result;
  bool first = true;
  for (const Text& line : split_lines(runtime, string.text, false)) {
    if (!first) {
      result.append(mark);
    }
    first = false;
    if (width <= 0) {
      raise("invalid width {} (must be > 0)", width);
    }
    const Wrapper::Options options{
        width, flag(runtime, bound[1], true), flag(runtime, bound[3], true)};
    const auto wrapped = Wrapper(line.bytes, options).run();
    for (size_t i = 0; i < wrapped.size(); ++i) {
      if (i > 0) {
        result.append(mark);
      }
      result.append(line, wrapped[i].begin, wrapped[i].end);
      runtime.meter.expect(result.size());
    }
  }
  return runtime.string(std::move(result), string.markup);
}

constexpr NamedFunction kLayoutFilters[] = {
    {"indent", indent},
    {"truncate", truncate},
    {"wordwrap", word_wrap},
};

}  // namespace

std::span<const NamedFunction> layout_filters() {
  return kLayoutFilters;
}

}  // namespace bantam::jinja
