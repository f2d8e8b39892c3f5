// SPDX-License-Identifier: MIT
#include "allocation_count.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<int64_t> count{0};

}  // namespace

// The other forms of the standard library call these.
void* operator new(size_t size) {
  ++count;
  if (void* memory = std::malloc(size > 0 ? size : 1)) {
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
