// SPDX-License-Identifier: MIT
// The memory that request bodies may take, those of all connections together.
#pragma once

#include <atomic>
#include <cstddef>

namespace bantam {

/// Any thread.
class BodyRoom {
 public:
  explicit BodyRoom(size_t bytes) : free_(bytes) {}

  /// False: there is not so much left.
  bool take(size_t bytes) {
    size_t free = free_;
    while (free >= bytes) {
      if (free_.compare_exchange_weak(free, free - bytes)) {
        return true;
      }
    }
    return false;
  }
  void give(size_t bytes) { free_ += bytes; }

 private:
  std::atomic<size_t> free_;
};

}  // namespace bantam
