// SPDX-License-Identifier: MIT
#include "memory/memory_monitor.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <system_error>
#include <utility>

namespace bantam {

namespace {

constexpr double kShortestPeriod_s = 0.001;
constexpr double kLongestPeriod_s = 1;
// The clock must have run for more than the time allowed.
constexpr double kPastDeadline_s = 0.001;
constexpr size_t kSwapOrigins = 3;

double steady_s() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

MemoryMonitor::MemoryMonitor(
    MemorySource& source,
    GuardPolicy policy,
    MonitorSettings settings)
    : source_(source),
      policy_(std::move(policy)),
      settings_(std::move(settings)) {
  if (!(settings_.period_s >= kShortestPeriod_s &&
        settings_.period_s <= kLongestPeriod_s)) {
    fail(
        ErrorCode::invalid_request,
        "the memory monitor's period is {} s; it must be {} to {} s",
        settings_.period_s,
        kShortestPeriod_s,
        kLongestPeriod_s);
  }
  if (!(settings_.watchdog_s > 0)) {
    fail(
        ErrorCode::invalid_request,
        "the memory monitor's watchdog is {} s; it must be more than 0",
        settings_.watchdog_s);
  }
  if (!settings_.now_s) {
    settings_.now_s = steady_s;
  }
  // The thread itself then needs no memory while there is none.
  report_.pressure.reserve(kChangesKept);
  report_.swap_notices.reserve(kSwapOrigins);
}

MemoryMonitor::~MemoryMonitor() {
  finish();
}

void MemoryMonitor::start() {
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    fail(
        ErrorCode::insufficient_memory,
        "cannot start the memory monitor's thread: {}",
        error.what());
  }
}

void MemoryMonitor::finish() {
  {
    const std::scoped_lock lock(mutex_);
    finishing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void MemoryMonitor::run() {
  std::unique_lock lock(mutex_);
  while (!finishing_) {
    lock.unlock();
    const std::chrono::duration<double> wait(poll_once());
    lock.lock();
    wake_.wait_for(lock, wait, [this] { return finishing_; });
  }
}

double MemoryMonitor::poll_once() {
  Verdict verdict = take_sample();
  if (verdict.action == GuardAction::reread) {
    verdict = take_sample();
  }
  check_stuck();
  return std::min(settings_.period_s, verdict.dwell_left_s + kPastDeadline_s);
}

Verdict MemoryMonitor::take_sample() {
  const double at_s = settings_.now_s();
  const MemorySample sample = source_.sample();
  const Verdict verdict = policy_.step(sample);
  if (record(sample, verdict, at_s)) {
    stop_cause_.store(verdict.cause, std::memory_order_relaxed);
    settings_.stop.request_stop();
  }
  if (verdict.give_back) {
    give_back_.store(true, std::memory_order_relaxed);
  } else if (!verdict.shrink) {
    give_back_.store(false, std::memory_order_relaxed);
  }
  shrink_.store(verdict.shrink, std::memory_order_relaxed);
  report_sample(sample, verdict);
  return verdict;
}

// True if this is the verdict that stops the run.
bool MemoryMonitor::record(
    const MemorySample& sample,
    const Verdict& verdict,
    double at_s) {
  const std::scoped_lock lock(mutex_);
  if (report_.samples == 0) {
    first_s_ = sample.t_s;
  }
  ++report_.samples;
  report_.unknown_samples += sample.pressure == Pressure::unknown ? 1 : 0;
  report_.pressure_max = std::max(report_.pressure_max, sample.pressure);
  record_level(sample.t_s - first_s_, sample.pressure);
  report_.machine_swap_growth_bytes = policy_.machine_swap_growth_bytes();
  report_.own_swap_growth_bytes = policy_.own_swap_growth_bytes();
  if (verdict.swap_notice != SwapOrigin::none) {
    report_.swap_notices.push_back(verdict);
  }
  if (verdict.action != GuardAction::stop || report_.stop) {
    return false;
  }
  report_.stop = verdict;
  decided_s_ = at_s;
  return true;
}

void MemoryMonitor::record_level(double t_s, Pressure level) {
  std::vector<PressureChange>& changes = report_.pressure;
  if (!changes.empty()) {
    const size_t newest =
        (oldest_change_ + changes.size() - 1) % changes.size();
    if (changes[newest].level == level) {
      return;
    }
  }
  if (changes.size() < kChangesKept) {
    changes.push_back({t_s, level});
    return;
  }
  changes[oldest_change_] = {t_s, level};
  oldest_change_ = (oldest_change_ + 1) % kChangesKept;
  ++report_.pressure_dropped;
}

void MemoryMonitor::check_stuck() {
  {
    const std::scoped_lock lock(mutex_);
    if (!report_.stop || report_.stop_latency_s || stuck_reported_ ||
        settings_.now_s() - decided_s_ < settings_.watchdog_s) {
      return;
    }
    stuck_reported_ = true;
  }
  // Without the lock: the report it prints is this monitor's.
  if (settings_.on_stuck) {
    call(settings_.on_stuck);
  }
}

void MemoryMonitor::report_sample(
    const MemorySample& sample,
    const Verdict& verdict) {
  if (settings_.on_sample &&
      !call([&] { settings_.on_sample(sample, verdict); })) {
    settings_.on_sample = nullptr;
  }
}

// A recorder whose disk is full must not take the guard with it. False if the
// callback threw.
template <typename Callback>
bool MemoryMonitor::call(const Callback& callback) {
  std::string error;
  try {
    callback();
    return true;
  } catch (const std::exception& thrown) {
    error = thrown.what();
  } catch (...) {
    error = "an exception of unknown type";
  }
  const std::scoped_lock lock(mutex_);
  if (report_.callback_error.empty()) {
    report_.callback_error = std::move(error);
  }
  return false;
}

void MemoryMonitor::acknowledge_stop() {
  const std::scoped_lock lock(mutex_);
  if (report_.stop && !report_.stop_latency_s) {
    report_.stop_latency_s = settings_.now_s() - decided_s_;
  }
}

MonitorReport MemoryMonitor::report() const {
  const std::scoped_lock lock(mutex_);
  MonitorReport report = report_;
  std::rotate(
      report.pressure.begin(),
      report.pressure.begin() + static_cast<std::ptrdiff_t>(oldest_change_),
      report.pressure.end());
  return report;
}

}  // namespace bantam
