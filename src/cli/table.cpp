// SPDX-License-Identifier: MIT
#include "cli/table.h"

#include <algorithm>
#include <numeric>

namespace bantam {

namespace {

constexpr size_t kGap = 2;
constexpr size_t kNarrowest = 12;

std::vector<size_t> widest_cells(
    const std::vector<std::vector<std::string>>& columns) {
  std::vector<size_t> widths;
  for (const auto& column : columns) {
    size_t widest = 1;
    for (const std::string& cell : column) {
      widest = std::max(widest, text_width(cell));
    }
    widths.push_back(widest);
  }
  return widths;
}

// All columns but the first share what is left of the page; what a narrow one
// does not need goes to the others.
void narrow(std::vector<size_t>& widths, size_t page) {
  const auto total = [&] {
    return std::accumulate(widths.begin(), widths.end(), size_t{0}) +
        kGap * (widths.size() - 1);
  };
  while (widths.size() > 1 && total() > page) {
    const auto widest = std::max_element(widths.begin() + 1, widths.end());
    if (*widest <= kNarrowest) {
      return;
    }
    --*widest;
  }
}

}  // namespace

std::string columns_text(
    const std::vector<std::vector<std::string>>& columns,
    size_t page) {
  std::vector<size_t> widths = widest_cells(columns);
  if (page != kUnbroken) {
    narrow(widths, page);
  }
  std::string text;
  for (size_t row = 0; !columns.empty() && row < columns[0].size(); ++row) {
    std::vector<std::vector<std::string>> cells;
    size_t height = 1;
    for (size_t c = 0; c < columns.size(); ++c) {
      cells.push_back(lines_of(columns[c][row], widths[c]));
      height = std::max(height, cells.back().size());
    }
    for (size_t line = 0; line < height; ++line) {
      std::string out;
      for (size_t c = 0; c < columns.size(); ++c) {
        const std::string part =
            line < cells[c].size() ? cells[c][line] : std::string();
        out += part;
        if (c + 1 < columns.size()) {
          out.append(widths[c] + kGap - text_width(part), ' ');
        }
      }
      // Of a broken row, not of one whose last cell is empty as it was.
      if (height > 1) {
        out.erase(out.find_last_not_of(' ') + 1);
      }
      text += out + '\n';
    }
  }
  return text;
}

}  // namespace bantam
