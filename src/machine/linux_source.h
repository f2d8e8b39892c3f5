// SPDX-License-Identifier: MIT
// Memory pressure as Linux tells it: PSI, meminfo, vmstat, our own status and
// the limits of every cgroup above us.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "machine/cgroups.h"
#include "machine/counter_window.h"
#include "machine/kernel_text.h"
#include "machine/memory_sample.h"
#include "machine/pressure_rules.h"
#include "machine/uptime_clock.h"

namespace bantam {

/// What the fields of a sample are here:
///   total_bytes          the machine's RAM or the tightest limit of a cgroup
///   available_bytes      the least of MemAvailable and the room under each
///                        limit; pages of files count as available, for they
///                        are given back
///   swap_*_bytes         of the whole machine, other containers included
///   own_footprint_bytes  VmRSS + VmSwap of this process. Weights mapped from
///                        a file are in it as far as they are resident: clean
///                        pages, given back under pressure without swap
///   own_swap_bytes       VmSwap: what of this process lies in swap now
/// The colour is pressure_rules.h's.
class LinuxMemorySource final : public MemorySource {
 public:
  /// The folders and the clock are arguments so that tests can bring others.
  explicit LinuxMemorySource(
      std::string proc_root = "/proc",
      std::string cgroup_root = "/sys/fs/cgroup",
      std::function<double()> clock = uptime_seconds);

  MemorySample sample() noexcept override;
  MemorySample sample_with_apps() override;
  std::string describe() const override;

 private:
  // A file with PSI, of the machine or a cgroup.
  struct PressureFile {
    std::string path;
    CounterWindow some;
    CounterWindow full;
    bool readable = false;
  };
  struct CgroupState {
    Cgroup cgroup;
    CounterWindow oom_events;
    std::optional<int64_t> limit_bytes;  // as last read
  };

  void follow_cgroups();
  void read_meminfo(MemorySample& sample, PressureReadings& readings);
  void read_vmstat(MemorySample& sample, PressureReadings& readings);
  void read_own_status(MemorySample& sample);
  void read_limits(MemorySample& sample, PressureReadings& readings);
  void read_stalls(const MemorySample& sample, PressureReadings& readings);

  std::string proc_root_;
  std::string cgroup_root_;
  std::function<double()> clock_;
  int64_t page_bytes_;
  KernelTextReader reader_;

  // Paths, so that a sample does not put any together.
  std::string meminfo_;
  std::string vmstat_;
  std::string status_;
  std::string membership_path_;

  std::string membership_;  // text of /proc/self/cgroup that cgroups_ are of
  std::vector<CgroupState> cgroups_;
  std::vector<PressureFile> pressure_files_;
  CounterWindow refaults_;
};

}  // namespace bantam
