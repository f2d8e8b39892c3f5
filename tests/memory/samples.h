// SPDX-License-Identifier: MIT
// Hand-made memory samples and sources for the tests of the guard.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "base/size.h"
#include "machine/memory_sample.h"

namespace bantam {

inline MemorySample at(double t_s, Pressure level) {
  MemorySample sample;
  sample.t_s = t_s;
  sample.pressure = level;
  return sample;
}

/// Plays samples in order and then repeats the last one, with its time going
/// on by a quarter of a second each.
class ScriptedSource final : public MemorySource {
 public:
  explicit ScriptedSource(std::vector<MemorySample> samples)
      : samples_(std::move(samples)) {}

  MemorySample sample() noexcept override {
    const std::scoped_lock lock(mutex_);
    ++taken_;
    if (next_ < samples_.size()) {
      last_ = samples_[next_++];
    } else {
      last_.t_s += 0.25;
    }
    return last_;
  }
  MemorySample sample_with_apps() override { return sample(); }

  int64_t taken() const {
    const std::scoped_lock lock(mutex_);
    return taken_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<MemorySample> samples_;
  size_t next_ = 0;
  MemorySample last_;
  int64_t taken_ = 0;
};

}  // namespace bantam
