// SPDX-License-Identifier: MIT
// A string that knows which of its bytes came from input. Every operation
// that copies bytes copies their marks; unmarked text costs nothing extra.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/prompt_text.h"

namespace bantam::jinja {

struct Text {
  std::string bytes;
  /// Sorted, disjoint, not touching.
  std::vector<ByteRange> input;

  Text() = default;
  Text(std::string plain) : bytes(std::move(plain)) {}
  Text(std::string_view plain) : bytes(plain) {}
  Text(const char* plain) : bytes(plain) {}

  size_t size() const { return bytes.size(); }
  bool has_input() const { return !input.empty(); }
  /// Did the byte at `offset` come from input?
  bool is_input(size_t offset) const;

  /// Appends words of the template, or of input when `marked`.
  void append(std::string_view words, bool marked = false);
  void append(const std::string& words) { append(std::string_view(words)); }
  void append(const char* words) { append(std::string_view(words)); }
  void append(const Text& other) { append(other, 0, other.size()); }
  /// Appends bytes [begin, end) of `other`, which must not be *this.
  void append(const Text& other, size_t begin, size_t end);
  /// Declares every byte input.
  void mark_all();

 private:
  void mark(size_t begin, size_t end);
};

/// Bytes [begin, end) with their marks.
Text slice(const Text& text, size_t begin, size_t end);

}  // namespace bantam::jinja
