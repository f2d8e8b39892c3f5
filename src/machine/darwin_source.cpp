// SPDX-License-Identifier: MIT
#include "machine/darwin_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

#include "machine/darwin_queries.h"
#include "machine/heavy_apps.h"

namespace bantam {

namespace {

constexpr double kAskEverySeconds = 1.0;
// After this long without an answer the old one is no longer now.
constexpr double kForgetAfterSeconds = 5.0;

// Where the kernel returns to green (xnu's vm_pageout.c): a plan that ends
// there leaves the colour a margin.
constexpr double kGreenRatio = 0.60;

Pressure pressure_of_level(std::optional<int64_t> level) {
  switch (level.value_or(0)) {
    case 1:
      return Pressure::green;
    case 2:
      return Pressure::yellow;
    case 4:
      return Pressure::red;
    default:
      return Pressure::unknown;
  }
}

double pages_on_hand(const DarwinVmStatistics& statistics) {
  return static_cast<double>(statistics.active) +
      static_cast<double>(statistics.inactive) +
      static_cast<double>(statistics.free);
}

// The P that solves (A - P) / (A - P + C) = kGreenRatio, A pages on hand and C
// the compressor's.
int64_t available_of(const DarwinVmStatistics& statistics) {
  const double pages = pages_on_hand(statistics) -
      static_cast<double>(statistics.compressor) * kGreenRatio /
          (1 - kGreenRatio);
  const double bytes = pages * static_cast<double>(statistics.page_bytes);
  return static_cast<int64_t>(std::clamp(bytes, 0.0, 9e18));
}

std::optional<int64_t> product(int64_t a, int64_t b) {
  int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? std::nullopt
                                               : std::optional(result);
}

std::optional<int64_t> footprint_of(const DarwinTaskMemory& own) {
  int64_t sum = 0;
  if (!own.footprint_bytes ||
      __builtin_add_overflow(
          *own.footprint_bytes, own.mapped_file_bytes.value_or(0), &sum)) {
    return std::nullopt;
  }
  return sum;
}

std::optional<int64_t> swap_used(const DarwinSystem& system) {
  // struct xsw_usage of <sys/sysctl.h>.
  struct {
    uint64_t total;
    uint64_t available;
    uint64_t used;
    uint32_t page_bytes;
    uint32_t encrypted;
  } swap{};
  size_t bytes = sizeof(swap);
  if (!system.sysctl("vm.swapusage", &swap, &bytes) ||
      bytes < 3 * sizeof(uint64_t) || swap.used > INT64_MAX) {
    return std::nullopt;
  }
  return static_cast<int64_t>(swap.used);
}

std::optional<std::vector<AppMemory>> heavy_apps(const DarwinSystem& system) {
  const int count = system.list_pids(nullptr, 0);
  if (count <= 0) {
    return std::nullopt;
  }
  // Processes may start between the two calls.
  std::vector<int> pids(static_cast<size_t>(count) + 64);
  const int listed =
      system.list_pids(pids.data(), static_cast<int>(pids.size()));
  if (listed <= 0) {
    return std::nullopt;
  }
  pids.resize(std::min(pids.size(), static_cast<size_t>(listed)));
  std::vector<AppProcess> found;
  // PROC_PIDPATHINFO_MAXSIZE of <sys/proc_info.h>.
  std::array<char, 4096> path;
  for (const int pid : pids) {
    if (pid <= 0 || pid == system.own_pid()) {
      continue;
    }
    const int length =
        system.pid_path(pid, path.data(), static_cast<int>(path.size()));
    if (length <= 0 || static_cast<size_t>(length) > path.size()) {
      continue;
    }
    const std::string_view app =
        heavy_app_of({path.data(), static_cast<size_t>(length)}, "");
    if (!app.empty()) {
      int64_t bytes = 0;
      const bool readable = system.pid_footprint(pid, &bytes) && bytes >= 0;
      found.push_back({app, readable ? std::optional(bytes) : std::nullopt});
    }
  }
  return sum_by_app(found);
}

}  // namespace

DarwinMemorySource::DarwinMemorySource(const DarwinSystem& system)
    : system_(system), ram_bytes_(sysctl_number(system, "hw.memsize")) {}

void DarwinMemorySource::refresh_statistics(double t_s) {
  if (!asked_at_s_ || t_s - *asked_at_s_ >= kAskEverySeconds) {
    asked_at_s_ = t_s;
    DarwinVmStatistics fresh;
    if (system_.vm_statistics(&fresh) && fresh.page_bytes > 0) {
      // An answer out of the system's store can be older than our last one;
      // counters must not seem to fall.
      fresh.swapped_in = std::max(fresh.swapped_in, statistics_.swapped_in);
      fresh.swapped_out = std::max(fresh.swapped_out, statistics_.swapped_out);
      statistics_ = fresh;
      answered_at_s_ = t_s;
    }
  }
  known_ = answered_at_s_ && t_s - *answered_at_s_ <= kForgetAfterSeconds;
}

MemorySample DarwinMemorySource::sample() noexcept {
  MemorySample sample;
  sample.t_s = system_.uptime_seconds();
  sample.pressure = pressure_of_level(
      sysctl_number(system_, "kern.memorystatus_vm_pressure_level"));
  sample.total_bytes = ram_bytes_;
  sample.swap_used_bytes = swap_used(system_);
  refresh_statistics(sample.t_s);
  if (known_) {
    sample.available_bytes = available_of(statistics_);
    const int64_t page_bytes = statistics_.page_bytes;
    sample.swap_in_bytes = product(statistics_.swapped_in, page_bytes);
    sample.swap_out_bytes = product(statistics_.swapped_out, page_bytes);
  }
  DarwinTaskMemory own;
  if (system_.task_memory(&own)) {
    sample.own_footprint_bytes = footprint_of(own);
    sample.own_swap_bytes = own.swapped_in_bytes;
  }
  return sample;
}

MemorySample DarwinMemorySource::sample_with_apps() {
  MemorySample result = sample();
  result.apps = heavy_apps(system_);
  return result;
}

std::optional<double> DarwinMemorySource::ratio() const {
  const double on_hand = pages_on_hand(statistics_);
  const double all = on_hand + static_cast<double>(statistics_.compressor);
  if (!known_ || all <= 0) {
    return std::nullopt;
  }
  return on_hand / all;
}

std::string DarwinMemorySource::describe() const {
  const auto level =
      sysctl_number(system_, "kern.memorystatus_vm_pressure_level");
  std::string text = level ? fmt::format("macOS, pressure level {}", *level)
                           : "macOS, which does not say its pressure level";
  if (const auto r = ratio()) {
    text += fmt::format(
        "; uncompressed share of memory {:.2f} (yellow below 0.50)", *r);
  } else {
    text += "; host_statistics64 gives no answer";
  }
  return text;
}

}  // namespace bantam
