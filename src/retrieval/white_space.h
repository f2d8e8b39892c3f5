// SPDX-License-Identifier: MIT
// What stands between words. Internal to retrieval/.
#pragma once

#include <algorithm>
#include <string_view>

namespace bantam {

inline bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' ||
      c == '\v';
}

inline bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_space(c); });
}

}  // namespace bantam
