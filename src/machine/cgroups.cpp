// SPDX-License-Identifier: MIT
#include "machine/cgroups.h"

#include <unistd.h>

#include <algorithm>

namespace bantam {

namespace {

// Version 1 writes "no limit" as 2^63 less a page.
constexpr int64_t kUnlimited = int64_t{1} << 60;

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// The path of our cgroup in the hierarchy of `controller` ("": version 2);
// nullopt if there is no such line.
std::optional<std::string> path_in(
    std::string_view membership,
    std::string_view controller) {
  while (!membership.empty()) {
    const size_t newline = membership.find('\n');
    const std::string_view line = membership.substr(0, newline);
    membership.remove_prefix(
        newline == membership.npos ? membership.size() : newline + 1);
    const size_t first = line.find(':');
    const size_t second =
        first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos || newline == membership.npos) {
      continue;
    }
    // Version 2 is "0::/path"; version 1 may mount several controllers
    // together, "4:cpu,memory:/path".
    std::string_view names = line.substr(first + 1, second - first - 1);
    bool found = controller.empty() && first == 1 && line.starts_with("0::");
    while (!found && !names.empty()) {
      const size_t comma = std::min(names.find(','), names.size());
      found = names.substr(0, comma) == controller;
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
    if (found) {
      return std::string(line.substr(second + 1));
    }
  }
  return std::nullopt;
}

// The folders from <root><path> up to root. Leading parts of the path that
// the mount does not show are left out.
std::vector<std::string> folders_above(
    const std::string& root,
    std::string path) {
  if (path.empty() || path.front() != '/' || path.find("/..") != path.npos) {
    path = "/";  // outside of what is mounted here
  }
  while (path.size() > 1 && !exists(root + path)) {
    const size_t next = path.find('/', 1);
    path = next == path.npos ? "/" : path.substr(next);
  }
  std::vector<std::string> folders;
  while (path.size() > 1) {
    folders.push_back(root + path);
    path.erase(path.rfind('/'));
  }
  folders.push_back(root);
  return folders;
}

Cgroup version_2(const std::string& folder, bool own) {
  Cgroup cgroup;
  cgroup.folder = folder;
  cgroup.limit = folder + "/memory.max";
  cgroup.throttle = folder + "/memory.high";
  cgroup.usage = folder + "/memory.current";
  cgroup.stat = folder + "/memory.stat";
  // An ancestor's memory.events also counts the ends of strangers that hit a
  // limit of their own; the local ones are its own limit's.
  const std::string local = folder + "/memory.events.local";
  cgroup.oom_events = !own && exists(local) ? local : folder + "/memory.events";
  cgroup.pressure = folder + "/memory.pressure";
  cgroup.active_file = "active_file";
  cgroup.inactive_file = "inactive_file";
  return cgroup;
}

Cgroup version_1(const std::string& folder) {
  Cgroup cgroup;
  cgroup.folder = folder;
  cgroup.limit = folder + "/memory.limit_in_bytes";
  cgroup.usage = folder + "/memory.usage_in_bytes";
  cgroup.stat = folder + "/memory.stat";
  cgroup.oom_events = folder + "/memory.oom_control";
  cgroup.active_file = "total_active_file";
  cgroup.inactive_file = "total_inactive_file";
  return cgroup;
}

int64_t saturating_sum(int64_t a, int64_t b) {
  int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

std::optional<int64_t> read_limit(
    const std::string& path,
    KernelTextReader& reader) {
  if (path.empty()) {
    return std::nullopt;
  }
  // "max" is no number: no limit.
  const auto limit = leading_number(reader.read(path));
  return limit && *limit < kUnlimited ? limit : std::nullopt;
}

}  // namespace

std::vector<Cgroup> find_cgroups(
    std::string_view membership,
    const std::string& cgroup_root) {
  std::vector<Cgroup> cgroups;
  const bool unified = exists(cgroup_root + "/cgroup.controllers");
  if (const auto path = path_in(membership, "")) {
    const std::string root = unified ? cgroup_root : cgroup_root + "/unified";
    if (exists(root)) {
      for (const std::string& folder : folders_above(root, *path)) {
        cgroups.push_back(version_2(folder, cgroups.empty()));
      }
    }
  }
  if (const auto path = path_in(membership, "memory"); path && !unified) {
    const std::string root = cgroup_root + "/memory";
    if (exists(root)) {
      for (const std::string& folder : folders_above(root, *path)) {
        cgroups.push_back(version_1(folder));
      }
    }
  }
  return cgroups;
}

CgroupMemory read_cgroup(
    const Cgroup& cgroup,
    KernelTextReader& reader) noexcept {
  CgroupMemory memory;
  memory.limit_bytes = read_limit(cgroup.limit, reader);
  // Above memory.high the kernel slows every allocation down: no room to plan
  // with.
  if (const auto high = read_limit(cgroup.throttle, reader)) {
    memory.limit_bytes = std::min(memory.limit_bytes.value_or(*high), *high);
  }
  const std::string_view events = reader.read(cgroup.oom_events);
  const auto kills = number_of(events, "oom_kill");
  if (const auto oom = number_of(events, "oom"); oom || kills) {
    memory.oom_events = saturating_sum(oom.value_or(0), kills.value_or(0));
  }
  if (!memory.limit_bytes) {
    return memory;
  }
  const auto usage = leading_number(reader.read(cgroup.usage));
  if (!usage) {
    return memory;
  }
  const std::string_view stat = reader.read(cgroup.stat);
  const int64_t file_bytes = std::min(
      *usage,
      saturating_sum(
          number_of(stat, cgroup.active_file).value_or(0),
          number_of(stat, cgroup.inactive_file).value_or(0)));
  memory.available_bytes =
      std::max<int64_t>(0, *memory.limit_bytes - (*usage - file_bytes));
  return memory;
}

}  // namespace bantam
