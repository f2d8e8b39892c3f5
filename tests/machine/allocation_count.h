// SPDX-License-Identifier: MIT
// How often this program has called operator new.
#pragma once

#include <cstdint>

namespace bantam {

int64_t allocation_count();

}  // namespace bantam
