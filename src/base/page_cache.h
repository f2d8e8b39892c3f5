// SPDX-License-Identifier: MIT
// What systems do differently about the pages of files in memory.
#pragma once

#include <cstdint>

namespace bantam {

/// Asks the system to forget what it holds of these bytes of an open file, as
/// far as nobody has them mapped.
void drop_page_cache(int descriptor, int64_t offset, int64_t bytes);

}  // namespace bantam
