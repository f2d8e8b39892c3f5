// SPDX-License-Identifier: MIT
// Columns of text, aligned.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/page.h"

namespace bantam {

/// `columns` have the same number of cells; each but the last is padded to
/// its widest cell and two spaces. What is wider than `page` (see
/// page_columns()) gets narrower columns, whose cells take several lines; the
/// first column, of names, keeps its width.
std::string columns_text(
    const std::vector<std::vector<std::string>>& columns,
    size_t page = kUnbroken);

}  // namespace bantam
