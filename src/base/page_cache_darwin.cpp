// SPDX-License-Identifier: MIT
// macOS has no such advice; madvise has put the pages first in line already.
#include "base/page_cache.h"

namespace bantam {

void drop_page_cache(int, int64_t, int64_t) {}

}  // namespace bantam
