// SPDX-License-Identifier: MIT
#include "engine/sequences.h"

#include <algorithm>

namespace bantam {

namespace {

// What `prompt` would take up of a sequence. One that shares little with it is
// another conversation, which may go on: it counts as nothing.
int64_t worth(const Sequence& sequence, std::span<const int32_t> prompt) {
  const std::span<const int32_t> tokens = sequence.timeline.tokens();
  const int64_t shared =
      std::ranges::mismatch(tokens, prompt).in2 - prompt.begin();
  return 2 * shared >= static_cast<int64_t>(tokens.size()) ? shared : 0;
}

}  // namespace

Sequence& Sequences::take(std::span<const int32_t> prompt) {
  std::unique_lock lock(mutex_);
  Sequence* best = nullptr;
  given_.wait(lock, [&] {
    int64_t most = -1;
    for (Sequence* candidate : by_use_) {
      if (candidate->in_use) {
        continue;
      }
      const int64_t value = worth(*candidate, prompt);
      if (value > most) {
        most = value;
        best = candidate;
      }
    }
    return best != nullptr;
  });
  best->in_use = true;
  return *best;
}

void Sequences::give(Sequence& sequence) {
  {
    const std::lock_guard lock(mutex_);
    sequence.in_use = false;
    by_use_.remove(&sequence);
    by_use_.push_back(&sequence);
  }
  given_.notify_one();
}

}  // namespace bantam
