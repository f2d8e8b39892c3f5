// SPDX-License-Identifier: MIT
// The cgroups above this process: their memory limits and what is left of
// them. Versions 1, 2 and both side by side (hybrid).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/kernel_text.h"

namespace bantam {

/// One cgroup, as the paths of its files. A path is "" where that version has
/// no such file.
struct Cgroup {
  std::string folder;
  std::string limit;     // memory.max, memory.limit_in_bytes
  std::string throttle;  // memory.high
  std::string usage;
  std::string stat;
  std::string oom_events;
  std::string pressure;  // PSI

  std::string_view active_file;  // keys in `stat`, descendants included
  std::string_view inactive_file;
};

/// Our own cgroup and all its ancestors up to the root of the mount, deepest
/// first, version 2 before version 1. `membership` is the text of
/// /proc/self/cgroup; `cgroup_root` is where systemd and container runtimes
/// mount: version 2 itself, or tmpfs with `memory` and `unified` in it. In a
/// container whose /proc shows paths of the host, the part of the path that
/// is there counts.
std::vector<Cgroup> find_cgroups(
    std::string_view membership,
    const std::string& cgroup_root);

/// What a cgroup says now; nullopt: no limit, or it does not say.
struct CgroupMemory {
  std::optional<int64_t> limit_bytes;
  /// limit - (usage - file pages). File pages (page cache, mapped weights) are
  /// given back before anybody is killed, as MemAvailable of the whole machine
  /// has it too. Active ones count: from its second run on, a model's file
  /// lies among them (measured, kernel 6.18).
  std::optional<int64_t> available_bytes;
  /// Times that this limit left no way out; only rises.
  std::optional<int64_t> oom_events;
};

/// Does not allocate.
CgroupMemory read_cgroup(
    const Cgroup& cgroup,
    KernelTextReader& reader) noexcept;

}  // namespace bantam
