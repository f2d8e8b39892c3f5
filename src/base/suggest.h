// SPDX-License-Identifier: MIT
// "Did you mean ...": the nearest valid spelling.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace bantam {

/// The candidate with the least edit distance to `word`, or "" when none is
/// near enough (more than a third of the letters differ).
std::string nearest(
    std::string_view word,
    std::span<const std::string> candidates);

}  // namespace bantam
