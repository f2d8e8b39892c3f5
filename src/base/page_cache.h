// SPDX-License-Identifier: MIT
// What systems do differently about the pages of files in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace bantam {

/// Asks the system to forget what it holds of these bytes of an open file, as
/// far as nobody has them mapped.
void drop_page_cache(int descriptor, int64_t offset, int64_t bytes);

/// Asks that touching a byte of these mapped pages brings in a few pages around
/// it, never a large page of 2 MiB: for tables that are read here and there.
void avoid_large_pages(std::span<std::byte> pages);

}  // namespace bantam
