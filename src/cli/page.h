// SPDX-License-Identifier: MIT
// Text for people to read on a terminal: how wide it is, and lines that fit.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

/// For text whose lines are not to be broken: a pipe's, which programs search.
inline constexpr size_t kUnbroken = 0;

/// Columns of the terminal on stdout, 40 to 120 of them; kUnbroken if there is
/// none.
size_t page_columns();

/// Characters, not bytes.
size_t text_width(std::string_view text);

/// `text` in lines of at most `columns` (> 0) characters, broken at spaces,
/// and within a word that is longer than a line. At least one line.
std::vector<std::string> lines_of(std::string_view text, size_t columns);

/// `text` in lines that fit a page, the first after `first`, the others after
/// `rest`; each ends with a newline. `columns` may be kUnbroken.
std::string paragraph(
    std::string_view first,
    std::string_view rest,
    std::string_view text,
    size_t columns);

}  // namespace bantam
