// SPDX-License-Identifier: MIT
// Memory pressure as macOS tells it, through a DarwinSystem.
#pragma once

#include <optional>
#include <string>

#include "machine/darwin_system.h"
#include "machine/memory_sample.h"

namespace bantam {

/// What the fields of a sample are here:
///   pressure             kern.memorystatus_vm_pressure_level, Activity
///                        Monitor's colour; what is not 1, 2 or 4 is unknown
///   total_bytes          hw.memsize
///   available_bytes      what can still be allocated with ratio() at the line
///                        where the kernel itself goes back to green
///   swap_used_bytes      vm.swapusage; stays high long after the trouble
///   swap_in/out_bytes    of the whole machine, counters
///   own_footprint_bytes  phys_footprint plus resident pages of mapped files:
///                        clean weights are not in the footprint, yet Metal
///                        wires them
///   own_swap_bytes       bytes of this process that were read back from swap
///                        since it started: a counter, for macOS does not say
///                        what lies there now
class DarwinMemorySource final : public MemorySource {
 public:
  explicit DarwinMemorySource(const DarwinSystem& system);

  MemorySample sample() noexcept override;
  MemorySample sample_with_apps() override;
  std::string describe() const override;

  /// Pages that can be given out or compressed, over those plus the
  /// compressor's (xnu's vm_pageout.c): yellow comes below 0.50, swapping below
  /// 0.40, red below 0.343; green again above 0.60. It leads the colour. As of
  /// the last sample; nullopt: not known.
  std::optional<double> ratio() const;

 private:
  void refresh_statistics(double t_s);

  DarwinSystem system_;
  std::optional<int64_t> ram_bytes_;

  // macOS answers a few times a second for all programs together, then repeats
  // itself; asked once a second, and kept while it does not answer.
  DarwinVmStatistics statistics_;
  std::optional<double> asked_at_s_;
  std::optional<double> answered_at_s_;
  bool known_ = false;  // statistics_ are fresh enough to use
};

}  // namespace bantam
