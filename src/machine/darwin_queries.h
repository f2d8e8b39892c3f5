// SPDX-License-Identifier: MIT
// sysctl values of macOS as numbers and text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "machine/darwin_system.h"

namespace bantam {

/// Values of 4 or 8 bytes; nullopt if there is none of that name, it is
/// negative, or it has another size. Does not allocate.
std::optional<int64_t> sysctl_number(
    const DarwinSystem& system,
    const char* name) noexcept;

/// Up to 255 bytes; "" if there is none.
std::string sysctl_text(const DarwinSystem& system, const char* name);

}  // namespace bantam
