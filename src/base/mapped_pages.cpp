// SPDX-License-Identifier: MIT
#include "base/mapped_pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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
  if (const File* file = file_of(pages.data())) {
    drop_page_cache(
        file->descriptor,
        pages.data() - file->bytes.data(),
        static_cast<int64_t>(pages.size()));
  }
}

void MappedPages::read(std::span<const std::byte> bytes, std::byte* to) const {
  size_t done = 0;
  if (const File* file = file_of(bytes.data())) {
    const off_t offset = bytes.data() - file->bytes.data();
    while (done < bytes.size()) {
      const ssize_t got = ::pread(
          file->descriptor,
          to + done,
          bytes.size() - done,
          offset + static_cast<off_t>(done));
      if (got > 0) {
        done += static_cast<size_t>(got);
      } else if (got == 0 || errno != EINTR) {
        break;
      }
    }
  }
  // What the file does not give, the mapping does.
  std::ranges::copy(bytes.subspan(done), to + done);
}

// The open file that `at` is mapped from; null if there is none.
const MappedPages::File* MappedPages::file_of(const std::byte* at) const {
  const auto found = std::ranges::find_if(files_, [&](const File& file) {
    return at >= file.bytes.data() &&
        at < file.bytes.data() + file.bytes.size() && file.descriptor >= 0;
  });
  return found == files_.end() ? nullptr : &*found;
}

}  // namespace bantam
