// SPDX-License-Identifier: MIT
// macOS has no such advice: madvise has put pages to drop first in line
// already, and mapped files come in pages of one size.
#include "base/page_cache.h"

namespace bantam {

void drop_page_cache(int, int64_t, int64_t) {}

void avoid_large_pages(std::span<std::byte>) {}

}  // namespace bantam
