// SPDX-License-Identifier: MIT
#include "text/jinja_text.h"

#include <algorithm>

namespace bantam::jinja {

namespace {

// The first range that ends after `offset`.
std::vector<ByteRange>::const_iterator range_after(
    const std::vector<ByteRange>& ranges,
    size_t offset) {
  return std::upper_bound(
      ranges.begin(), ranges.end(), offset, [](size_t at, const ByteRange& r) {
        return at < r.end;
      });
}

}  // namespace

bool Text::is_input(size_t offset) const {
  const auto range = range_after(input, offset);
  return range != input.end() && range->begin <= offset;
}

void Text::append(std::string_view words, bool marked) {
  if (marked) {
    mark(bytes.size(), bytes.size() + words.size());
  }
  bytes.append(words);
}

void Text::append(const Text& other, size_t begin, size_t end) {
  const size_t shift = bytes.size();
  bytes.append(other.bytes, begin, end - begin);
  for (auto range = range_after(other.input, begin);
       range != other.input.end() && range->begin < end;
       ++range) {
    mark(
        shift + std::max(range->begin, begin) - begin,
        shift + std::min(range->end, end) - begin);
  }
}

void Text::mark_all() {
  input.clear();
  mark(0, bytes.size());
}

void Text::mark(size_t begin, size_t end) {
  if (begin == end) {
    return;
  }
  if (!input.empty() && input.back().end == begin) {
    input.back().end = end;
  } else {
    input.push_back({begin, end});
  }
}

Text slice(const Text& text, size_t begin, size_t end) {
  Text result;
  result.append(text, begin, end);
  return result;
}

}  // namespace bantam::jinja
