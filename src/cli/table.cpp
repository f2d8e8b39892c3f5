// SPDX-License-Identifier: MIT
#include "cli/table.h"

#include <algorithm>

#include "base/utf8.h"

namespace bantam {

namespace {

// Characters, not bytes.
size_t width(const std::string& text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) {
    at += static_cast<size_t>(std::max(1, decode_utf8(text, at).length));
  }
  return count;
}

}  // namespace

std::string columns_text(const std::vector<std::vector<std::string>>& columns) {
  std::vector<size_t> widths;
  for (const auto& column : columns) {
    size_t widest = 0;
    for (const std::string& cell : column) {
      widest = std::max(widest, width(cell));
    }
    widths.push_back(widest);
  }
  std::string text;
  for (size_t row = 0; !columns.empty() && row < columns[0].size(); ++row) {
    for (size_t c = 0; c < columns.size(); ++c) {
      const std::string& cell = columns[c][row];
      text += cell;
      if (c + 1 < columns.size()) {
        text.append(widths[c] + 2 - width(cell), ' ');
      }
    }
    text += '\n';
  }
  return text;
}

}  // namespace bantam
