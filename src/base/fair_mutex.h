// SPDX-License-Identifier: MIT
// A mutex that is handed round: whoever asks for it gets it after all who asked
// before. A std::mutex may be taken again and again by the thread that has it.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace bantam {

/// For std::unique_lock and its kin.
class FairMutex {
 public:
  void lock() {
    std::unique_lock lock(mutex_);
    const uint64_t mine = asked_++;
    passed_.wait(lock, [&] { return mine == served_; });
  }

  void unlock() {
    {
      const std::lock_guard lock(mutex_);
      ++served_;
    }
    passed_.notify_all();
  }

  /// Threads that wait for it at this moment.
  int64_t waiting() const {
    const std::lock_guard lock(mutex_);
    const uint64_t inside = asked_ - served_;
    return inside > 1 ? static_cast<int64_t>(inside) - 1 : 0;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable passed_;
  uint64_t asked_ = 0;
  uint64_t served_ = 0;
};

}  // namespace bantam
