// SPDX-License-Identifier: MIT
// The few questions bantam puts to macOS, as a table of functions, so that
// everything made of the answers is compiled and tested on Linux as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace bantam {

/// host_statistics64(HOST_VM_INFO64), in pages.
struct DarwinVmStatistics {
  int64_t page_bytes = 0;
  int64_t active = 0;
  int64_t inactive = 0;
  int64_t free = 0;        // the speculative ones included
  int64_t compressor = 0;  // pages that hold compressed ones
  int64_t swapped_in = 0;  // since the start of the system
  int64_t swapped_out = 0;
};

/// task_info(TASK_VM_INFO) of this process; nullopt: this system is too old to
/// say.
struct DarwinTaskMemory {
  std::optional<int64_t> footprint_bytes;
  std::optional<int64_t> mapped_file_bytes;  // resident
  std::optional<int64_t> swapped_in_bytes;   // since it started
};

/// Each function may be called from any thread and does not allocate.
struct DarwinSystem {
  /// sysctlbyname(): fills `value`, of *bytes bytes, and sets *bytes to what
  /// was filled.
  bool (*sysctl)(const char* name, void* value, size_t* bytes);
  bool (*vm_statistics)(DarwinVmStatistics* statistics);
  bool (*task_memory)(DarwinTaskMemory* memory);
  /// proc_listallpids(): the number of ids written, at most `capacity`; with
  /// nullptr how many there are; negative on failure.
  int (*list_pids)(int* pids, int capacity);
  /// proc_pidpath(): the length of the executable's path, 0 if unknown.
  int (*pid_path)(int pid, char* path, int capacity);
  /// ri_phys_footprint of proc_pid_rusage(): Activity Monitor's Memory column.
  /// Refused for processes of other users.
  bool (*pid_footprint)(int pid, int64_t* bytes);
  int (*own_pid)();
  double (*uptime_seconds)() noexcept;
};

/// The real ones. Exists on macOS only.
const DarwinSystem& darwin_system();

}  // namespace bantam
