// SPDX-License-Identifier: MIT
// Sizes as people write them: 16GiB, 10GB, 512MiB, plain bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bantam {

inline constexpr int64_t kKiB = int64_t{1} << 10;
inline constexpr int64_t kMiB = int64_t{1} << 20;
inline constexpr int64_t kGiB = int64_t{1} << 30;

/// nullopt if the text is not a size, is negative, or does not fit 63 bits.
/// Accepts a fraction before a unit ("1.5GiB").
std::optional<int64_t> parse_size(std::string_view text);

/// "98.4 MB" below a gibibyte in decimal units, "10.96 GiB" above it.
std::string format_size(int64_t bytes);

/// "0.25 GiB": for sizes that are compared with one another.
std::string format_gib(int64_t bytes);

}  // namespace bantam
