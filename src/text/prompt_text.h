// SPDX-License-Identifier: MIT
// Text that remembers which of its bytes came from the user. The words of a
// template may spell special tokens; the words of a user may not.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bantam {

/// A half-open byte range.
struct ByteRange {
  size_t begin;
  size_t end;
  bool operator==(const ByteRange&) const = default;
};

struct PromptText {
  std::string text;
  /// Sorted, disjoint, not touching: the bytes that came from input (message
  /// contents, tool descriptions, template variables), where the text of a
  /// special token stays text.
  std::vector<ByteRange> input;
};

}  // namespace bantam
