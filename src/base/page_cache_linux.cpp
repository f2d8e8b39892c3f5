// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/mman.h>

#include "base/page_cache.h"

namespace bantam {

void drop_page_cache(int descriptor, int64_t offset, int64_t bytes) {
  ::posix_fadvise(descriptor, offset, bytes, POSIX_FADV_DONTNEED);
}

void avoid_large_pages(std::span<std::byte> pages) {
  ::madvise(pages.data(), pages.size(), MADV_NOHUGEPAGE);
}

}  // namespace bantam
