// SPDX-License-Identifier: MIT
// The sequences of an engine, handed to requests and taken back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <span>

#include "engine/sequence.h"

namespace bantam {

/// Any thread.
class Sequences {
 public:
  /// Takes `count` (at least one) that `make()` returns. Throws what it throws.
  template <typename Make>
  Sequences(int64_t count, const Make& make) {
    for (int64_t i = 0; i < count; ++i) {
      all_.push_back(make());
    }
    for (const auto& sequence : all_) {
      by_use_.push_back(sequence.get());
    }
  }

  /// The one that a single conversation is in. Not to be used beside take().
  Sequence& first() { return *all_.front(); }
  int64_t count() const { return static_cast<int64_t>(all_.size()); }

  /// A free one: that whose conversation `prompt` goes on with, else the one
  /// used longest ago. Waits for one. give() it back.
  Sequence& take(std::span<const int32_t> prompt);
  void give(Sequence& sequence);

 private:
  std::list<std::unique_ptr<Sequence>> all_;
  std::mutex mutex_;
  std::condition_variable given_;
  std::list<Sequence*> by_use_;  // longest ago first
};

}  // namespace bantam
