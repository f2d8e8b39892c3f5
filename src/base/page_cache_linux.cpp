// SPDX-License-Identifier: MIT
#include <fcntl.h>

#include "base/page_cache.h"

namespace bantam {

void drop_page_cache(int descriptor, int64_t offset, int64_t bytes) {
  ::posix_fadvise(descriptor, offset, bytes, POSIX_FADV_DONTNEED);
}

}  // namespace bantam
