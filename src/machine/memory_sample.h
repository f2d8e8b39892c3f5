// SPDX-License-Identifier: MIT
// How the machine feels at one moment, and where such samples come from. What
// a system does not tell stays unknown: it is never taken for 0 or for green.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bantam {

/// The colour of Activity Monitor's memory pressure, or its counterpart.
enum class Pressure : uint8_t { unknown, green, yellow, red };

/// One running application with all its helper processes.
struct AppMemory {
  std::string name;
  std::optional<int64_t> bytes;  // nullopt: the system does not let us see
};

struct MemorySample {
  /// Seconds on a clock that stands still while the machine sleeps.
  double t_s = 0;
  Pressure pressure = Pressure::unknown;
  std::optional<int64_t> total_bytes;
  /// What a new allocation could get without swap, the tightest of the machine
  /// and every limit above this process.
  std::optional<int64_t> available_bytes;
  std::optional<int64_t> swap_used_bytes;  // of the machine; sticky
  std::optional<int64_t> swap_in_bytes;    // of the machine; counters that
  std::optional<int64_t> swap_out_bytes;   // only rise until a reboot
  std::optional<int64_t> own_footprint_bytes;
  std::optional<int64_t> own_swap_bytes;
  /// Filled by sample_with_apps() alone; nullopt: not looked at.
  std::optional<std::vector<AppMemory>> apps;
};

/// Live (Linux, macOS) or replayed. One thread at a time.
class MemorySource {
 public:
  virtual ~MemorySource() = default;

  /// Cheap enough for several calls a second; does not allocate on the live
  /// sources after the first call. Never throws: what cannot be read is
  /// missing from the sample. `apps` is left out.
  virtual MemorySample sample() noexcept = 0;

  /// sample() with the well-known heavy applications that run, largest first.
  /// Slow (it walks all processes): for the check before a run.
  virtual MemorySample sample_with_apps() = 0;

  /// Where the numbers come from and what is missing, one line for people; of
  /// the last sample where it depends on it.
  virtual std::string describe() const { return {}; }
};

}  // namespace bantam
