// SPDX-License-Identifier: MIT
#include "memory/run_guard.h"

#include <fmt/format.h>

namespace bantam {

namespace {

GuardSettings guard_settings(const MemoryRules& rules, bool unknown_accepted) {
  const auto swap_rule = [&] {
    switch (rules.abort_on_swap) {
      case SwapAbort::off:
        return SwapRule::off;
      case SwapAbort::strict:
        return SwapRule::strict;
      default:
        return SwapRule::on;
    }
  };
  return {
      .threshold = rules.threshold == PressureThreshold::red ? Pressure::red
                                                             : Pressure::yellow,
      .abort_on_swap = swap_rule(),
      .unknown_accepted = unknown_accepted};
}

}  // namespace

void ResultSoFar::begin(const Result& result) {
  const std::lock_guard lock(mutex_);
  result_ = result;
}

void ResultSoFar::append(
    int32_t token,
    std::string_view text,
    std::string_view reasoning) {
  const std::lock_guard lock(mutex_);
  result_.token_ids.push_back(token);
  result_.text += text;
  result_.reasoning += reasoning;
}

void ResultSoFar::append(std::string_view text) {
  const std::lock_guard lock(mutex_);
  result_.text += text;
}

Result ResultSoFar::get() const {
  const std::lock_guard lock(mutex_);
  return result_;
}

RunGuard::RunGuard(
    const MemoryRules& rules,
    MemorySource& source,
    TraceWriter* recorder,
    std::span<const MemorySample> before,
    bool unknown_accepted) {
  MonitorSettings settings;
  settings.stop = stop_;
  if (recorder != nullptr) {
    settings.on_sample = [recorder](
                             const MemorySample& sample, const Verdict&) {
      recorder->write(sample);
    };
  }
  if (rules.on_stuck) {
    settings.on_stuck = [this, on_stuck = rules.on_stuck] {
      Result result = so_far_.get();
      result.finish_reason = finish_reason();
      fill(monitor_->report(), result);
      on_stuck(result);
    };
  }
  monitor_ = std::make_unique<MemoryMonitor>(
      source,
      GuardPolicy(guard_settings(rules, unknown_accepted), before),
      std::move(settings));
  monitor_->start();
}

RunGuard::~RunGuard() = default;

FinishReason RunGuard::finish_reason() const {
  return error_code(monitor_->stop_cause()) == ErrorCode::swap
      ? FinishReason::swap
      : FinishReason::memory;
}

void RunGuard::finish(Result& result) {
  if (must_stop()) {
    monitor_->acknowledge_stop();
  }
  monitor_->finish();
  fill(monitor_->report(), result);
}

void RunGuard::fill(const MonitorReport& report, Result& result) const {
  MemoryUse& memory = result.memory;
  memory.pressure_max = pressure_word(report.pressure_max);
  memory.pressure.clear();
  for (const PressureChange& change : report.pressure) {
    memory.pressure.push_back(
        {change.t_s, std::string(pressure_word(change.level))});
  }
  memory.swap_growth_bytes = report.machine_swap_growth_bytes;
  for (const Verdict& notice : report.swap_notices) {
    result.notes.push_back(describe_notice(notice));
  }
  if (!report.callback_error.empty()) {
    result.notes.push_back("the memory trace ended: " + report.callback_error);
  }
  // A run that ended by itself has not been stopped.
  const bool stopped = result.finish_reason == FinishReason::memory ||
      result.finish_reason == FinishReason::swap;
  if (report.stop && stopped) {
    memory.stop_reason = describe(*report.stop);
    memory.stop_latency_s = report.stop_latency_s;
    result.notes.push_back(
        fmt::format(
            "stopped because {}; {}",
            memory.stop_reason,
            advice(report.stop->cause)));
  }
}

}  // namespace bantam
