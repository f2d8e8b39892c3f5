// SPDX-License-Identifier: MIT
// A recorded memory trace played in real time, in the place of the machine.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "machine/memory_sample.h"
#include "machine/uptime_clock.h"

namespace bantam {

/// sample() gives the trace's last sample that is due, with the seconds since
/// the source was made as its t_s: a sample holds until the next one, the first
/// one from the start, the last one for ever.
class ReplayMemorySource final : public MemorySource {
 public:
  /// Throws what read_memory_trace() throws.
  explicit ReplayMemorySource(
      const std::string& path,
      std::function<double()> clock = uptime_seconds);

  MemorySample sample() noexcept override;

  /// The newest list of applications that is due; it holds across samples that
  /// have none.
  MemorySample sample_with_apps() override;

  std::string describe() const override;

 private:
  size_t due_samples(double t_s) const;

  std::string path_;
  std::function<double()> clock_;
  double start_s_;
  std::vector<MemorySample> samples_;                        // apps taken out
  std::vector<std::optional<std::vector<AppMemory>>> apps_;  // of each sample
};

}  // namespace bantam
