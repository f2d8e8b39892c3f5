// SPDX-License-Identifier: MIT
// Columns of text, aligned.
#pragma once

#include <string>
#include <vector>

namespace bantam {

/// `columns` have the same number of cells; each but the last is padded to
/// its widest cell and two spaces.
std::string columns_text(const std::vector<std::vector<std::string>>& columns);

}  // namespace bantam
