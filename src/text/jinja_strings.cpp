// SPDX-License-Identifier: MIT
#include "text/jinja_strings.h"

#include <algorithm>
#include <limits>

#include "text/jinja_search.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

size_t previous_start(std::string_view text, size_t at) {
  do {
    --at;
  } while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80);
  return at;
}

// The characters that strip() takes away.
class StripSet {
 public:
  explicit StripSet(const Text* characters) : space_(!characters) {
    int length = 0;
    for (size_t i = 0; characters && i < characters->size(); i += length) {
      set_.push_back(character_at(characters->bytes, i, length));
    }
    std::sort(set_.begin(), set_.end());
  }
  bool contains(char32_t c) const {
    return space_ ? is_space(c)
                  : std::binary_search(set_.begin(), set_.end(), c);
  }

 private:
  bool space_;
  std::vector<char32_t> set_;
};

// Pieces counted against the limits while they are made.
class Pieces {
 public:
  Pieces(Runtime& runtime, const Text& text) : runtime_(runtime), text_(text) {
    runtime.meter.work_on_bytes(text.size());
  }

  void add(size_t begin, size_t end) {
    runtime_.meter.work();
    runtime_.meter.expect(pieces_.size() * sizeof(Text) + text_.size());
    pieces_.push_back(slice(text_, begin, end));
  }
  std::vector<Text> take() { return std::move(pieces_); }
  std::vector<Text> take_reversed() {
    std::reverse(pieces_.begin(), pieces_.end());
    return std::move(pieces_);
  }

 private:
  Runtime& runtime_;
  const Text& text_;
  std::vector<Text> pieces_;
};

std::vector<Text> split_space(
    Runtime& runtime,
    const Text& text,
    int64_t limit) {
  Pieces pieces(runtime, text);
  const std::string_view bytes = text.bytes;
  size_t at = skip_space(bytes, 0);
  while (at < bytes.size()) {
    if (limit-- == 0) {
      pieces.add(at, bytes.size());
      break;
    }
    size_t end = at;
    int length = 0;
    while (end < bytes.size() && !is_space(character_at(bytes, end, length))) {
      end += length;
    }
    pieces.add(at, end);
    at = skip_space(bytes, end);
  }
  return pieces.take();
}

std::vector<Text> split_space_right(
    Runtime& runtime,
    const Text& text,
    int64_t limit) {
  Pieces pieces(runtime, text);
  std::string_view bytes = strip_right(text.bytes);
  while (!bytes.empty()) {
    if (limit-- == 0) {
      pieces.add(0, bytes.size());
      break;
    }
    size_t begin = bytes.size();
    int length = 0;
    while (begin > 0) {
      const size_t before = previous_start(bytes, begin);
      if (is_space(character_at(bytes, before, length))) {
        break;
      }
      begin = before;
    }
    pieces.add(begin, bytes.size());
    bytes = strip_right(bytes.substr(0, begin));
  }
  return pieces.take_reversed();
}

}  // namespace

Text strip(const Text& text, Side side, const Text* characters) {
  const std::string_view bytes = text.bytes;
  const StripSet set(characters);
  size_t begin = 0;
  size_t end = bytes.size();
  int length = 0;
  while (side != Side::right && begin < end) {
    if (!set.contains(character_at(bytes, begin, length))) {
      break;
    }
    begin += length;
  }
  while (side != Side::left && end > begin) {
    const size_t before = previous_start(bytes, end);
    if (!set.contains(character_at(bytes, before, length))) {
      break;
    }
    end = before;
  }
  return slice(text, begin, end);
}

std::vector<Text> split(
    Runtime& runtime,
    const Text& text,
    const Text* separator,
    int64_t limit,
    bool from_right) {
  if (!separator) {
    return from_right ? split_space_right(runtime, text, limit)
                      : split_space(runtime, text, limit);
  }
  const std::string& mark = separator->bytes;
  if (mark.empty()) {
    raise("empty separator");
  }
  Pieces pieces(runtime, text);
  if (!from_right) {
    size_t begin = 0;
    while (limit-- != 0) {
      const size_t at = find_words(text.bytes, mark, begin);
      if (at == std::string::npos) {
        break;
      }
      pieces.add(begin, at);
      begin = at + mark.size();
    }
    pieces.add(begin, text.size());
    return pieces.take();
  }
  size_t end = text.size();
  while (limit-- != 0 && end >= mark.size()) {
    const size_t at =
        find_last_words(std::string_view(text.bytes).substr(0, end), mark);
    if (at == std::string::npos) {
      break;
    }
    pieces.add(at + mark.size(), end);
    end = at;
  }
  pieces.add(0, end);
  return pieces.take_reversed();
}

std::vector<Text> split_lines(
    Runtime& runtime,
    const Text& text,
    bool keep_ends) {
  Pieces pieces(runtime, text);
  size_t begin = 0;
  int length = 0;
  for (size_t at = 0; at < text.size();) {
    const char32_t c = character_at(text.bytes, at, length);
    const size_t line_end = at;
    at += length;
    if (!is_line_end(c)) {
      continue;
    }
    if (c == '\r' && at < text.size() && text.bytes[at] == '\n') {
      ++at;
    }
    pieces.add(begin, keep_ends ? at : line_end);
    begin = at;
  }
  if (begin < text.size()) {
    pieces.add(begin, text.size());
  }
  return pieces.take();
}

Text replace(
    Runtime& runtime,
    const Text& text,
    const Text& old_words,
    const Text& new_words,
    int64_t limit) {
  runtime.meter.work_on_bytes(text.size());
  const std::string& old_bytes = old_words.bytes;
  Text result;
  size_t begin = 0;
  size_t at = 0;
  while (limit-- != 0 && at <= text.size()) {
    size_t found =
        old_bytes.empty() ? at : find_words(text.bytes, old_bytes, at);
    if (found == std::string::npos) {
      break;
    }
    result.append(text, begin, found);
    result.append(new_words);
    runtime.meter.work();
    runtime.meter.expect(result.size());
    begin = found + old_bytes.size();
    at = begin;
    if (old_bytes.empty()) {  // between all characters and at both ends
      if (found == text.size()) {
        break;
      }
      int length = 0;
      character_at(text.bytes, found, length);
      at = found + length;
    }
  }
  result.append(text, begin, text.size());
  return result;
}

Text join(
    Runtime& runtime,
    const Text& separator,
    const std::vector<Text>& parts) {
  size_t total = 0;
  for (const Text& part : parts) {
    total += part.size() + separator.size();
  }
  runtime.meter.expect(total);
  runtime.meter.work_on_bytes(total);
  Text result;
  result.bytes.reserve(total);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) {
      result.append(separator);
    }
    result.append(parts[i]);
  }
  return result;
}

Text pad(
    Runtime& runtime,
    const Text& text,
    int64_t width,
    const Text& fill,
    Side side) {
  const int64_t length = count_characters(text.bytes);
  const int64_t missing = std::max<int64_t>(0, width - length);
  const auto bytes = static_cast<size_t>(missing);
  runtime.meter.expect(bytes);
  runtime.meter.expect(bytes * fill.size() + text.size());
  runtime.meter.work_on_bytes(bytes * fill.size());
  // str.center puts the odd one left when the width is odd.
  const int64_t before = side == Side::left ? missing
      : side == Side::right                 ? 0
                            : missing / 2 + (missing & width & 1);
  Text result;
  for (int64_t i = 0; i < before; ++i) {
    result.append(fill);
  }
  result.append(text);
  for (int64_t i = before; i < missing; ++i) {
    result.append(fill);
  }
  return result;
}

Value list_of(Runtime& runtime, std::vector<Text> parts, bool markup) {
  Values items;
  items.reserve(parts.size());
  for (Text& part : parts) {
    items.push_back(runtime.string(std::move(part), markup));
  }
  return runtime.list(std::move(items));
}

}  // namespace bantam::jinja
