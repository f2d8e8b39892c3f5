// SPDX-License-Identifier: MIT
// The colour of Linux's memory pressure, which the kernel does not name:
// numbers in, colour out.
#pragma once

#include <cstdint>
#include <optional>

#include "machine/memory_sample.h"

namespace bantam {

struct PressureReadings {
  /// Shares of the last two seconds in which some, or all, tasks waited for
  /// memory (PSI); the worst of the machine and the cgroups above us.
  struct Stall {
    double some = 0;
    double full = 0;
  };
  struct Room {
    int64_t available_bytes;
    int64_t limit_bytes;
  };

  std::optional<Stall> stall;  // nullopt: the kernel has no PSI
  std::optional<Room> machine;
  std::optional<Room> cgroup;  // the one with the least of its limit left
  /// A limit above us left no way out, or something was killed for it.
  bool out_of_memory = false;
  /// Pages of files that were thrown out and had to be read again.
  std::optional<double> refault_bytes_per_s;
};

/// unknown unless PSI or what is available is known.
Pressure judge_pressure(const PressureReadings& readings);

}  // namespace bantam
