// SPDX-License-Identifier: MIT
#include "base/mapped_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "base/page_cache.h"

namespace bantam {

namespace {

// `bytes` and the rest of their first and last page.
std::span<std::byte> whole_pages(std::span<const std::byte> bytes) {
  static const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t end = (begin + bytes.size() + page - 1) / page * page;
  const uintptr_t first = begin / page * page;
  return {reinterpret_cast<std::byte*>(first), end - first};
}

}  // namespace

void read_sparsely(std::span<const std::byte> bytes) {
  avoid_large_pages(whole_pages(bytes));
}

void read_alone(std::span<const std::byte> bytes) {
  const std::span<std::byte> pages = whole_pages(bytes);
  ::madvise(pages.data(), pages.size(), MADV_RANDOM);
}

MappedPages::MappedPages(std::vector<MappedRange> files) {
  for (const MappedRange& file : files) {
    files_.push_back(
        {file.bytes, ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC)});
  }
}

MappedPages::~MappedPages() {
  for (const File& file : files_) {
    if (file.descriptor >= 0) {
      ::close(file.descriptor);
    }
  }
}

void MappedPages::fetch(std::span<const std::byte> bytes) const {
  const std::span<std::byte> pages = whole_pages(bytes);
  ::madvise(pages.data(), pages.size(), MADV_WILLNEED);
}

void MappedPages::release(std::span<const std::byte> bytes) const {
  const std::span<std::byte> pages = whole_pages(bytes);
  ::madvise(pages.data(), pages.size(), MADV_DONTNEED);
  for (const File& file : files_) {
    const bool inside = pages.data() >= file.bytes.data() &&
        pages.data() < file.bytes.data() + file.bytes.size();
    if (inside && file.descriptor >= 0) {
      drop_page_cache(
          file.descriptor,
          pages.data() - file.bytes.data(),
          static_cast<int64_t>(pages.size()));
    }
  }
}

}  // namespace bantam
