// SPDX-License-Identifier: MIT
// A stable sort for comparisons that may throw or contradict each other
// (Python's, of values from a template). libstdc++'s own needs a function
// that newer compilers warn about.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

namespace bantam::jinja {

/// Merge sort from the bottom up: n log n comparisons, always in range.
template <typename T, typename Less>
void merge_sort(std::vector<T>& items, Less less) {
  std::vector<T> merged(items.size());
  for (size_t width = 1; width < items.size(); width *= 2) {
    for (size_t begin = 0; begin < items.size(); begin += 2 * width) {
      const size_t middle = std::min(begin + width, items.size());
      const size_t end = std::min(middle + width, items.size());
      size_t left = begin;
      size_t right = middle;
      for (size_t to = begin; to < end; ++to) {
        const bool take_right =
            left == middle || (right < end && less(items[right], items[left]));
        merged[to] = std::move(items[take_right ? right++ : left++]);
      }
    }
    std::swap(items, merged);
  }
}

}  // namespace bantam::jinja
