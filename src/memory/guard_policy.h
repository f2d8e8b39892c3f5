// SPDX-License-Identifier: MIT
// When a run has to stop for the machine's sake, decided from samples alone:
//
//   red               stop, once a second reading confirms it
//   yellow            give back memory; stop after more than 10 s
//   swap              stop if it is ours or we are the reason (swap_watch.h)
//   level unreadable  stop, unless the run started knowing that it would be
//
// MemoryMonitor feeds a policy on a thread of its own.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "machine/memory_sample.h"
#include "memory/dwell_clock.h"
#include "memory/swap_watch.h"

namespace bantam {

/// What growth of swap does to a run.
enum class SwapRule : uint8_t {
  off,     // it is reported
  on,      // growth that is ours or that we induced stops the run
  strict,  // any growth stops the run
};

struct GuardSettings {
  /// The level that may last for dwell_s: yellow, or red to put up with yellow
  /// for ever. Red itself always stops.
  Pressure threshold = Pressure::yellow;
  double dwell_s = 10;
  SwapRule abort_on_swap = SwapRule::on;
  /// The run was allowed to start on a machine that does not tell its level.
  bool unknown_accepted = false;
};

enum class GuardAction : uint8_t {
  carry_on,
  reread,  // take another sample at once
  stop,
};

enum class StopCause : uint8_t {
  none,
  red,
  dwell,
  swap_own,
  swap_induced,
  swap_any,      // SwapRule::strict
  monitor_lost,  // the level could be read and cannot be any more
};

/// What one sample means. A value without heap memory; describe() words it.
struct Verdict {
  GuardAction action = GuardAction::carry_on;
  StopCause cause = StopCause::none;
  /// How long the dwell clock has run, and how long until it stops the run
  /// (infinity if it does not run or is not obeyed).
  double dwell_s = 0;
  double dwell_left_s = std::numeric_limits<double>::infinity();
  /// With a swap cause or notice: the growth it is about.
  int64_t swap_bytes = 0;
  /// Set once per kind and run, when swap grew and the run goes on.
  SwapOrigin swap_notice = SwapOrigin::none;
  /// In an episode of yellow or red, which ends after 2 s of green: use
  /// smaller prefill chunks throughout, give back caches once.
  bool shrink = false;
  bool give_back = false;
};

/// Pure: no clock but the samples', no I/O, no allocation in step().
class GuardPolicy {
 public:
  /// Unknown levels in a row, over at least kLost_s, that mean the monitor is
  /// lost: what 2 s hold at the usual four samples a second.
  static constexpr int64_t kLostSamples = 8;
  static constexpr double kLost_s = 2;

  /// `before`: samples from before the run took memory, oldest first; none:
  /// the first sample is the baseline of swap. Throws invalid_request for
  /// settings that make no sense.
  explicit GuardPolicy(
      const GuardSettings& settings = {},
      std::span<const MemorySample> before = {});

  /// Of several causes at once swap is named first: it is what pressure was
  /// a warning of. Keeps its judgement after a stop.
  Verdict step(const MemorySample& sample);

  /// Since the baseline; nullopt: never known.
  std::optional<int64_t> own_swap_growth_bytes() const {
    return swap_.own_growth_bytes();
  }
  std::optional<int64_t> machine_swap_growth_bytes() const {
    return swap_.machine_growth_bytes();
  }

 private:
  void judge_swap(const MemorySample& sample, double t_s, Verdict& verdict);
  void judge_level(Pressure level, double t_s, Verdict& verdict);
  void judge_silence(double t_s, Verdict& verdict);
  void notice_swap(SwapOrigin origin, Verdict& verdict);

  GuardSettings settings_;
  DwellClock clock_;  // at yellow, whatever the threshold
  SwapWatch swap_;

  double last_s_ = 0;
  Pressure known_level_ = Pressure::unknown;  // the last that was not unknown
  std::optional<double> known_s_;  // when; before any: the first sample
  int64_t unknown_samples_ = 0;    // since then
  std::optional<double> red_s_;    // of a red that waits for confirmation
  bool relieved_ = false;          // in this episode
  uint8_t noticed_ = 0;            // a bit for each SwapOrigin
};

/// "memory pressure has been yellow for 10.1 s"; "" if there is no cause.
std::string describe(const Verdict& verdict);
/// What a user can do about it; "" if there is no cause.
std::string advice(StopCause cause);
/// The sentence for a swap_notice; "" if there is none.
std::string describe_notice(const Verdict& verdict);
/// memory_pressure or swap: the exit code and finish reason of a stopped run.
ErrorCode error_code(StopCause cause);

}  // namespace bantam
