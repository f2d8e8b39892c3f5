// SPDX-License-Identifier: MIT
// Watches the machine during a run, on a thread of its own, and tells the run
// when to stop through one atomic.
//
//   MemoryMonitor monitor(source, GuardPolicy(settings, before));
//   monitor.start();
//   while (...) {
//     if (monitor.stop_cause() != StopCause::none) break;
//     evaluate();
//   }
//   monitor.acknowledge_stop();
//   monitor.finish();
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "machine/memory_sample.h"
#include "memory/guard_policy.h"

namespace bantam {

struct MonitorSettings {
  /// Between samples; from 0.001 to 1, so that no gap is of our own making.
  /// When the dwell clock is about to run out the next sample comes earlier.
  double period_s = 0.25;
  /// A stop that is not acknowledged for so long means a stuck evaluation.
  double watchdog_s = 5;
  /// Sees every sample and what was made of it (recorder, meter).
  std::function<void(const MemorySample&, const Verdict&)> on_sample;
  /// The last resort against a stuck evaluation, called once: prints the
  /// report and ends the process.
  std::function<void()> on_stuck;
  /// Is requested to stop when the run has to, for code that waits.
  std::stop_source stop{std::nostopstate};
  /// Seconds for watchdog and latency. Empty: the steady clock. Must not throw.
  std::function<double()> now_s;
};

struct PressureChange {
  double t_s = 0;  // since the monitor's first sample
  Pressure level = Pressure::unknown;
};

/// A run as its monitor saw it.
struct MonitorReport {
  int64_t samples = 0;
  int64_t unknown_samples = 0;
  Pressure pressure_max = Pressure::unknown;  // unknown: never known
  /// The level of the first sample and each change after it. Of a machine that
  /// flaps all day only the last ones are kept.
  std::vector<PressureChange> pressure;
  int64_t pressure_dropped = 0;
  /// Growth since the baseline; nullopt: never known.
  std::optional<int64_t> machine_swap_growth_bytes;
  std::optional<int64_t> own_swap_growth_bytes;
  /// Verdicts with a swap_notice, at most one for each origin.
  std::vector<Verdict> swap_notices;
  /// The first stop, and from the call for the sample that decided it to
  /// acknowledge_stop(); nullopt: none, or not acknowledged.
  std::optional<Verdict> stop;
  std::optional<double> stop_latency_s;
  /// What on_sample or on_stuck threw; it is not called again. "": nothing.
  std::string callback_error;
};

class MemoryMonitor {
 public:
  static constexpr size_t kChangesKept = 512;

  /// `source` outlives the monitor, which is its only user from start() to
  /// finish(). Throws invalid_request for settings out of range.
  MemoryMonitor(
      MemorySource& source,
      GuardPolicy policy,
      MonitorSettings settings = {});
  /// finish().
  ~MemoryMonitor();
  MemoryMonitor(const MemoryMonitor&) = delete;
  MemoryMonitor& operator=(const MemoryMonitor&) = delete;

  /// Starts the thread, once. Throws insufficient_memory if the system gives
  /// none. Callbacks run on it; they must not call start() or finish().
  void start();
  /// Ends the thread. May be called again. With it ends the watchdog.
  void finish();
  /// One round of the thread's work, for callers without start(): samples once,
  /// or twice if the first is red. Returns the seconds to wait for the next.
  double poll_once();

  // From any thread, at any rate: one relaxed load each.

  /// none until the run has to stop; the first cause stays.
  StopCause stop_cause() const {
    return stop_cause_.load(std::memory_order_relaxed);
  }
  /// In an episode of yellow or red: use smaller prefill chunks.
  bool shrink_prefill() const {
    return shrink_.load(std::memory_order_relaxed);
  }
  /// True once in such an episode: drop what is cached.
  bool take_give_back() {
    return give_back_.load(std::memory_order_relaxed) &&
        give_back_.exchange(false, std::memory_order_relaxed);
  }

  // From any thread.

  /// The run has stopped and given its answer out. Without it the watchdog
  /// bites.
  void acknowledge_stop();
  MonitorReport report() const;

 private:
  void run();
  Verdict take_sample();
  bool record(const MemorySample& sample, const Verdict& verdict, double at_s);
  void record_level(double t_s, Pressure level);
  void check_stuck();
  template <typename Callback>
  bool call(const Callback& callback);
  void report_sample(const MemorySample& sample, const Verdict& verdict);

  MemorySource& source_;
  GuardPolicy policy_;
  MonitorSettings settings_;

  std::atomic<StopCause> stop_cause_{StopCause::none};
  std::atomic<bool> shrink_{false};
  std::atomic<bool> give_back_{false};

  mutable std::mutex mutex_;  // of everything below
  std::condition_variable wake_;
  bool finishing_ = false;
  MonitorReport report_;  // .pressure is a ring, its oldest at oldest_change_
  size_t oldest_change_ = 0;
  double first_s_ = 0;
  double decided_s_ = 0;
  bool stuck_reported_ = false;

  std::thread thread_;
};

}  // namespace bantam
