// SPDX-License-Identifier: MIT
// What is installed, to the byte: a list of packages with versions and hashes
// that pip takes with --require-hashes. A pin on mlx-lm alone isolates nothing,
// since what it needs moves on.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace bantam {

/// The lock that comes with bantam (data/mlx-lm.lock): for Linux and macOS.
std::string_view shipped_mlx_lm_lock();

/// The oldest Python that the shipped lock is for, "3.11".
inline constexpr std::string_view kShippedLockPython = "3.11";

/// The version of mlx-lm that a lock names. Throws invalid_request, naming
/// `source`, for a text that is no lock: every line a package with a version
/// and a hash, none of them an option or an address.
std::string locked_mlx_lm(std::string_view lock, const std::string& source);

/// How many packages a lock names.
int packages_in(std::string_view lock);

/// A lock out of what `pip install --dry-run --report` printed. Throws
/// unavailable if a package in it has no hash.
std::string lock_of_report(const Json& report);

}  // namespace bantam
