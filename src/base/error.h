// SPDX-License-Identifier: MIT
// bantam::Error (include/bantam/error.h) with the formatted throw.
#pragma once

#include <fmt/format.h>

#include <utility>

#include "bantam/error.h"

namespace bantam {

/// Throws Error{code, format(args...)}.
template <typename... Args>
[[noreturn]] void fail(
    ErrorCode code,
    fmt::format_string<Args...> format,
    Args&&... args) {
  throw Error(code, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace bantam
