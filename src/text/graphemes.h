// SPDX-License-Identifier: MIT
// What a person sees as one character, and how wide a terminal shows it
// (Unicode's grapheme clusters and East Asian widths, of utf8proc).
#pragma once

#include <cstddef>
#include <string_view>

namespace bantam {

/// The end of the character that begins at `at` (< text.size()). A byte that is
/// not UTF-8 is one by itself.
size_t next_grapheme(std::string_view text, size_t at);

/// The beginning of the character that ends at `at` (> 0).
size_t previous_grapheme(std::string_view text, size_t at);

/// Columns of one character; 0 for control characters.
int display_width(std::string_view grapheme);

}  // namespace bantam
