// SPDX-License-Identifier: MIT
// What a computer is: its memory, processor, system and GPU's share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "machine/darwin_system.h"

namespace bantam {

/// How much memory a GPU may use at a time; `source` says where the number
/// comes from.
struct GpuWorkingSet {
  int64_t bytes = 0;
  bool approximate = false;
  std::string source;
};

struct MachineProfile {
  std::string system;      // "Linux 6.18.5", "macOS 15.3"
  std::string processor;   // "Apple M4"; "" if the system does not say
  int physical_cores = 0;  // 0: not known
  /// RAM, or the tightest limit above this process if that is less; nullopt:
  /// not known.
  std::optional<int64_t> ram_bytes;
  /// The cgroup whose limit ram_bytes is; "" if it is the machine's own.
  std::string limited_by;
  /// Where CPU and GPU share memory; nullopt elsewhere.
  std::optional<GpuWorkingSet> gpu_working_set;
};

MachineProfile linux_machine(
    const std::string& proc_root = "/proc",
    const std::string& cgroup_root = "/sys/fs/cgroup");

/// The working set is iogpu.wired_limit_mb where it is raised, else
/// apple_working_set(): Metal's own recommendedMaxWorkingSetSize, which the
/// engine can ask for, is better.
MachineProfile darwin_machine(const DarwinSystem& system);

/// The usual recommendedMaxWorkingSetSize of an Apple Silicon Mac with this
/// much RAM, on the low side; for planning a machine that is not at hand.
GpuWorkingSet apple_working_set(int64_t ram_bytes);

}  // namespace bantam
