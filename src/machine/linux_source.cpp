// SPDX-License-Identifier: MIT
#include "machine/linux_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/size.h"
#include "machine/linux_processes.h"

namespace bantam {

namespace {

using Stall = PressureReadings::Stall;

std::optional<int64_t> times(std::optional<int64_t> count, int64_t bytes) {
  int64_t product = 0;
  if (!count || __builtin_mul_overflow(*count, bytes, &product)) {
    return std::nullopt;
  }
  return product;
}

// One line of a PSI file: "some avg10=0.12 avg60=... avg300=... total=3456".
struct StallLine {
  double average;  // over 10 s, as a share
  int64_t total_us;
};

std::optional<StallLine> stall_line(std::string_view text, const char* kind) {
  const std::string_view line = line_of(text, kind);
  constexpr std::string_view kAverage = "avg10=";
  constexpr std::string_view kTotal = "total=";
  const size_t average = line.find(kAverage);
  const size_t total = line.find(kTotal);
  if (average == line.npos || total == line.npos) {
    return std::nullopt;
  }
  const auto total_us = leading_number(line.substr(total + kTotal.size()));
  const auto percent = leading_number(line.substr(average + kAverage.size()));
  if (!total_us || !percent) {
    return std::nullopt;
  }
  return StallLine{static_cast<double>(*percent) / 100, *total_us};
}

double share_of(
    CounterWindow& window,
    double t_s,
    const std::optional<StallLine>& line) {
  window.add(t_s, line ? std::optional(line->total_us) : std::nullopt);
  if (const auto growth = window.growth()) {
    return growth->per_second() * 1e-6;
  }
  // Before there is a window of our own, the kernel's.
  return line ? line->average : 0;
}

bool has_less_left(
    const PressureReadings::Room& a,
    const PressureReadings::Room& b) {
  return static_cast<double>(a.available_bytes) *
      static_cast<double>(b.limit_bytes) <
      static_cast<double>(b.available_bytes) *
      static_cast<double>(a.limit_bytes);
}

}  // namespace

LinuxMemorySource::LinuxMemorySource(
    std::string proc_root,
    std::string cgroup_root,
    std::function<double()> clock)
    : proc_root_(std::move(proc_root)),
      cgroup_root_(std::move(cgroup_root)),
      clock_(std::move(clock)),
      page_bytes_(::sysconf(_SC_PAGESIZE)),
      meminfo_(proc_root_ + "/meminfo"),
      vmstat_(proc_root_ + "/vmstat"),
      status_(proc_root_ + "/self/status"),
      membership_path_(proc_root_ + "/self/cgroup") {
  pressure_files_.push_back({.path = proc_root_ + "/pressure/memory"});
}

// The process may be moved; then, and at first, the paths are put together
// anew. This alone allocates.
void LinuxMemorySource::follow_cgroups() {
  const std::string_view membership = reader_.read(membership_path_);
  if (membership == membership_) {
    return;
  }
  membership_ = membership;
  cgroups_.clear();
  pressure_files_.resize(1);
  for (Cgroup& cgroup : find_cgroups(membership_, cgroup_root_)) {
    if (!cgroup.pressure.empty()) {
      pressure_files_.push_back({.path = cgroup.pressure});
    }
    cgroups_.push_back({.cgroup = std::move(cgroup)});
  }
}

void LinuxMemorySource::read_meminfo(
    MemorySample& sample,
    PressureReadings& readings) {
  const std::string_view text = reader_.read(meminfo_);
  sample.total_bytes = bytes_of(text, "MemTotal");
  sample.available_bytes = bytes_of(text, "MemAvailable");
  if (sample.total_bytes && sample.available_bytes) {
    readings.machine = {*sample.available_bytes, *sample.total_bytes};
  }
  const auto swap = bytes_of(text, "SwapTotal");
  const auto free = bytes_of(text, "SwapFree");
  if (swap && free && *free <= *swap) {
    sample.swap_used_bytes = *swap - *free;
  }
}

void LinuxMemorySource::read_vmstat(
    MemorySample& sample,
    PressureReadings& readings) {
  const std::string_view text = reader_.read(vmstat_);
  sample.swap_in_bytes = times(number_of(text, "pswpin"), page_bytes_);
  sample.swap_out_bytes = times(number_of(text, "pswpout"), page_bytes_);
  auto refaults = number_of(text, "workingset_refault_file");
  if (!refaults) {
    refaults = number_of(text, "workingset_refault");  // before Linux 5.9
  }
  refaults_.add(sample.t_s, refaults);
  if (const auto growth = refaults_.growth()) {
    readings.refault_bytes_per_s =
        growth->per_second() * static_cast<double>(page_bytes_);
  }
}

void LinuxMemorySource::read_own_status(MemorySample& sample) {
  const std::string_view text = reader_.read(status_);
  sample.own_swap_bytes = bytes_of(text, "VmSwap");
  const auto resident = bytes_of(text, "VmRSS");
  int64_t footprint = 0;
  if (resident &&
      !__builtin_add_overflow(
          *resident, sample.own_swap_bytes.value_or(0), &footprint)) {
    sample.own_footprint_bytes = footprint;
  }
}

void LinuxMemorySource::read_limits(
    MemorySample& sample,
    PressureReadings& readings) {
  for (CgroupState& state : cgroups_) {
    const CgroupMemory memory = read_cgroup(state.cgroup, reader_);
    state.limit_bytes = memory.limit_bytes;
    state.oom_events.add(sample.t_s, memory.oom_events);
    readings.out_of_memory |= state.oom_events.grew();
    if (!memory.limit_bytes) {
      continue;
    }
    sample.total_bytes = std::min(
        sample.total_bytes.value_or(*memory.limit_bytes), *memory.limit_bytes);
    if (!memory.available_bytes) {
      continue;
    }
    const PressureReadings::Room room{
        *memory.available_bytes, *memory.limit_bytes};
    sample.available_bytes = std::min(
        sample.available_bytes.value_or(room.available_bytes),
        room.available_bytes);
    if (!readings.cgroup || has_less_left(room, *readings.cgroup)) {
      readings.cgroup = room;
    }
  }
}

void LinuxMemorySource::read_stalls(
    const MemorySample& sample,
    PressureReadings& readings) {
  for (PressureFile& file : pressure_files_) {
    const std::string_view text = reader_.read(file.path);
    const auto some = stall_line(text, "some");
    const auto full = stall_line(text, "full");
    const double some_share = share_of(file.some, sample.t_s, some);
    const double full_share = share_of(file.full, sample.t_s, full);
    file.readable = some.has_value();
    if (file.readable) {
      Stall worst = readings.stall.value_or(Stall{});
      worst.some = std::max(worst.some, some_share);
      worst.full = std::max(worst.full, full_share);
      readings.stall = worst;
    }
  }
}

MemorySample LinuxMemorySource::sample() noexcept {
  MemorySample sample;
  PressureReadings readings;
  sample.t_s = clock_();
  try {
    follow_cgroups();
  } catch (...) {
    // No memory for the paths: what is half known counts as nothing, and the
    // next sample tries again.
    membership_.clear();
    cgroups_.clear();
    pressure_files_.resize(1);
  }
  read_meminfo(sample, readings);
  read_vmstat(sample, readings);
  read_own_status(sample);
  read_limits(sample, readings);
  read_stalls(sample, readings);
  sample.pressure = judge_pressure(readings);
  return sample;
}

MemorySample LinuxMemorySource::sample_with_apps() {
  MemorySample result = sample();
  result.apps = linux_heavy_apps(proc_root_);
  return result;
}

std::string LinuxMemorySource::describe() const {
  size_t stalls = 0;
  for (const PressureFile& file : pressure_files_) {
    stalls += file.readable;
  }
  std::string text = stalls > 0
      ? fmt::format("Linux, pressure from PSI ({} files)", stalls)
      : "Linux without PSI (start the kernel with psi=1): pressure is guessed "
        "from available memory and refaults";
  for (const CgroupState& state : cgroups_) {
    if (state.limit_bytes) {
      text += fmt::format(
          "; limit of {} in {}",
          format_size(*state.limit_bytes),
          state.cgroup.folder);
    }
  }
  return text;
}

}  // namespace bantam
