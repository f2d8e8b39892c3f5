// SPDX-License-Identifier: MIT
#include "allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<int64_t> count{0};

}  // namespace

// The array forms of the standard library call these. Sanitizers replace the
// forms that we leave out, and their memory is not ours to free: the one that
// does not throw (std::stable_sort) is here for them.
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  ++count;
  return std::malloc(size > 0 ? size : 1);
}

void* operator new(size_t size) {
  if (void* memory = operator new(size, std::nothrow)) {
    return memory;
  }
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept {
  std::free(memory);
}

void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace bantam {

int64_t allocation_count() {
  return count;
}

}  // namespace bantam
