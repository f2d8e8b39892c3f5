// SPDX-License-Identifier: MIT
#include "memory/preflight.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/size.h"
#include "memory/guard_policy.h"

namespace bantam {

namespace {

Pressure level_at_start(std::span<const MemorySample> samples) {
  Pressure worst = Pressure::unknown;
  for (const MemorySample& sample : samples) {
    worst = std::max(worst, sample.pressure);
  }
  const bool known_now =
      !samples.empty() && samples.back().pressure != Pressure::unknown;
  return worst >= Pressure::yellow || known_now ? worst : Pressure::unknown;
}

// What swaps before the run is not the run's doing, but no good sign either.
void warn_of_swap(std::span<const MemorySample> samples, Clear& clear) {
  GuardPolicy policy;
  for (const MemorySample& sample : samples) {
    policy.step(sample);
  }
  const int64_t bytes = policy.machine_swap_growth_bytes().value_or(0);
  if (bytes > 0) {
    clear.warnings.push_back(
        fmt::format(
            "the machine swaps already: {} just before the run",
            format_size(bytes)));
  }
}

}  // namespace

std::variant<Clear, Refused> check_before_run(
    std::span<const MemorySample> samples,
    const PreflightSettings& settings) {
  Clear clear{.pressure = level_at_start(samples)};
  const bool is_unknown = clear.pressure == Pressure::unknown;
  if (is_unknown) {
    std::string reason = "this machine does not tell its memory pressure";
    if (!settings.allow_unknown) {
      return Refused{
          clear.pressure, reason + ", so a run could not be stopped in time"};
    }
    clear.unknown_accepted = true;
    clear.warnings.push_back(reason + ": only swap can stop this run");
  } else if (clear.pressure >= settings.threshold) {
    std::string reason = fmt::format(
        "memory pressure is {} before the run",
        clear.pressure == Pressure::red ? "red" : "yellow");
    if (!settings.allow_pressure) {
      return Refused{
          clear.pressure,
          reason + "; close other applications or wait until it is green"};
    }
    clear.warnings.push_back(std::move(reason));
  }
  warn_of_swap(samples, clear);
  return clear;
}

}  // namespace bantam
