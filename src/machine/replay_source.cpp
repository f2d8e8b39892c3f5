// SPDX-License-Identifier: MIT
#include "machine/replay_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "machine/memory_trace.h"

namespace bantam {

ReplayMemorySource::ReplayMemorySource(
    const std::string& path,
    std::function<double()> clock)
    : path_(path), clock_(std::move(clock)), samples_(read_memory_trace(path)) {
  for (MemorySample& sample : samples_) {
    apps_.push_back(std::exchange(sample.apps, std::nullopt));
  }
  start_s_ = clock_();
}

size_t ReplayMemorySource::due_samples(double t_s) const {
  const auto later = std::upper_bound(
      samples_.begin(),
      samples_.end(),
      t_s,
      [](double time, const MemorySample& sample) {
        return time < sample.t_s;
      });
  // A trace that begins late begins with its first sample.
  return std::max<size_t>(1, later - samples_.begin());
}

MemorySample ReplayMemorySource::sample() noexcept {
  const double t_s = clock_() - start_s_;
  MemorySample sample = samples_[due_samples(t_s) - 1];
  sample.t_s = t_s;
  return sample;
}

MemorySample ReplayMemorySource::sample_with_apps() {
  MemorySample result = sample();
  for (size_t i = due_samples(result.t_s); i > 0 && !result.apps; --i) {
    result.apps = apps_[i - 1];
  }
  return result;
}

std::string ReplayMemorySource::describe() const {
  return fmt::format(
      "memory trace {} ({} samples, {:.2f} s)",
      path_,
      samples_.size(),
      samples_.back().t_s);
}

}  // namespace bantam
