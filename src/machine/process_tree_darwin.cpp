// SPDX-License-Identifier: MIT
#include <libproc.h>
#include <sys/proc_info.h>
#include <sys/resource.h>

#include <algorithm>

#include "machine/process_tree.h"

namespace bantam {

namespace {

std::vector<ProcessLinks> all_processes() {
  // Some may start between the two calls.
  constexpr int kSpare = 64;
  std::vector<int> ids(
      static_cast<size_t>(
          std::max(0, ::proc_listallpids(nullptr, 0)) + kSpare));
  const int count = ::proc_listallpids(
      ids.data(), static_cast<int>(ids.size() * sizeof(int)));
  ids.resize(static_cast<size_t>(std::max(0, count)));
  std::vector<ProcessLinks> processes;
  for (const int id : ids) {
    proc_bsdshortinfo process{};
    const int size =
        ::proc_pidinfo(id, PROC_PIDT_SHORTBSDINFO, 0, &process, sizeof process);
    if (size == sizeof process) {
      processes.push_back(
          {.id = id,
           .parent = static_cast<int>(process.pbsi_ppid),
           .group = static_cast<int>(process.pbsi_pgid)});
    }
  }
  return processes;
}

}  // namespace

// Footprints, as Activity Monitor shows them; swap of another process is not
// told.
TreeMemory process_tree_memory(int leader) {
  TreeMemory tree;
  int64_t high_water = 0;
  for (const int id : tree_of(all_processes(), leader)) {
    rusage_info_v4 usage{};
    if (::proc_pid_rusage(
            id, RUSAGE_INFO_V4, reinterpret_cast<rusage_info_t*>(&usage)) !=
        0) {
      continue;
    }
    ++tree.processes;
    tree.bytes += static_cast<int64_t>(usage.ri_phys_footprint);
    high_water = std::max(
        high_water, static_cast<int64_t>(usage.ri_lifetime_max_phys_footprint));
  }
  tree.peak_bytes =
      tree.processes == 1 ? std::max(high_water, tree.bytes) : tree.bytes;
  return tree;
}

}  // namespace bantam
