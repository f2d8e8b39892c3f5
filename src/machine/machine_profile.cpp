// SPDX-License-Identifier: MIT
#include "machine/machine_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <utility>

#include "machine/cgroups.h"
#include "machine/darwin_queries.h"
#include "machine/kernel_text.h"

namespace bantam {

namespace {

// Reported values of recommendedMaxWorkingSetSize, in MiB:
//     8 GiB M3 about 5 300            64 GiB M1 Max 49 152 (3/4)
//    16 GiB M1 10 923 (2/3), M4 the   96 GiB M2 Max 73 728 (3/4)
//           same, M3 11 840          128 GiB M5 Max 110 100 (macOS 26)
//    32 GiB M1 and M2 Max 21 845 (2/3)
// from the logs of llama.cpp (issues 1870 and 3213, pull request 2011),
// llama-cpp-python (687), ollama (434), exo (1672) and ds4 (893). Newer systems
// give more; the least that was seen counts.
struct WorkingSetRow {
  int64_t up_to_ram_bytes;
  int64_t parts;
  int64_t of;
};

constexpr std::array kWorkingSets{
    WorkingSetRow{int64_t{36} << 30, 2, 3},
    WorkingSetRow{INT64_MAX, 3, 4},
};

std::string first_word_of(const std::string& path, KernelTextReader& reader) {
  const std::string_view text = reader.read(path);
  return std::string(text.substr(0, text.find_first_of(" \n")));
}

struct CpuDescription {
  std::string model;
  int cores = 0;
};

// /proc/cpuinfo has a paragraph per logical core, which may be longer in all
// than KernelTextReader holds. "physical id" and "core id" (x86) tell
// hyperthreads of one core apart; without them each paragraph is a core.
CpuDescription read_cpuinfo(const std::string& path) {
  CpuDescription cpu;
  int processors = 0;
  std::string package;
  std::set<std::pair<std::string, std::string>> cores;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == line.npos) {
      continue;
    }
    const std::string key =
        line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1);
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    const std::string value = begin == line.npos ? "" : line.substr(begin);
    if (key == "processor") {
      ++processors;
    } else if (key == "physical id") {
      package = value;
    } else if (key == "core id") {
      cores.emplace(package, value);
    } else if (key == "model name" && cpu.model.empty()) {
      cpu.model = value;
    }
  }
  cpu.cores = cores.empty() ? processors : static_cast<int>(cores.size());
  return cpu;
}

void apply_limits(
    MachineProfile& machine,
    const std::string& proc_root,
    const std::string& cgroup_root,
    KernelTextReader& reader) {
  const std::string membership(reader.read(proc_root + "/self/cgroup"));
  for (const Cgroup& cgroup : find_cgroups(membership, cgroup_root)) {
    const auto limit = read_cgroup(cgroup, reader).limit_bytes;
    if (limit && *limit < machine.ram_bytes.value_or(INT64_MAX)) {
      machine.ram_bytes = limit;
      machine.limited_by = cgroup.folder;
    }
  }
}

}  // namespace

MachineProfile linux_machine(
    const std::string& proc_root,
    const std::string& cgroup_root) {
  KernelTextReader reader;
  MachineProfile machine;
  machine.system = "Linux";
  const std::string kernel = proc_root + "/sys/kernel/osrelease";
  if (const std::string release = first_word_of(kernel, reader);
      !release.empty()) {
    machine.system += " " + release;
  }
  CpuDescription cpu = read_cpuinfo(proc_root + "/cpuinfo");
  machine.processor = std::move(cpu.model);
  machine.physical_cores = cpu.cores;
  machine.ram_bytes = bytes_of(reader.read(proc_root + "/meminfo"), "MemTotal");
  apply_limits(machine, proc_root, cgroup_root, reader);
  return machine;
}

MachineProfile darwin_machine(const DarwinSystem& system) {
  MachineProfile machine;
  const std::string release = sysctl_text(system, "kern.osproductversion");
  machine.system = release.empty() ? "macOS" : "macOS " + release;
  machine.processor = sysctl_text(system, "machdep.cpu.brand_string");
  const int64_t cores = sysctl_number(system, "hw.physicalcpu").value_or(0);
  machine.physical_cores = static_cast<int>(std::min<int64_t>(cores, 4096));
  machine.ram_bytes = sysctl_number(system, "hw.memsize");
  // 0 stands for the system's default.
  const auto raised_mb = sysctl_number(system, "iogpu.wired_limit_mb");
  int64_t raised_bytes = 0;
  if (raised_mb && *raised_mb > 0 &&
      !__builtin_mul_overflow(*raised_mb, int64_t{1} << 20, &raised_bytes)) {
    machine.gpu_working_set = {raised_bytes, false, "iogpu.wired_limit_mb"};
  } else if (machine.ram_bytes) {
    machine.gpu_working_set = apple_working_set(*machine.ram_bytes);
  }
  return machine;
}

GpuWorkingSet apple_working_set(int64_t ram_bytes) {
  for (const WorkingSetRow& row : kWorkingSets) {
    if (ram_bytes <= row.up_to_ram_bytes) {
      return {
          ram_bytes / row.of * row.parts,
          true,
          fmt::format(
              "{}/{} of RAM, as Macs of this size report it",
              row.parts,
              row.of)};
    }
  }
  return {};
}

}  // namespace bantam
