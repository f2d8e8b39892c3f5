// SPDX-License-Identifier: MIT
#include "memory/guard_policy.h"

#include <cmath>

#include "base/size.h"

namespace bantam {

GuardPolicy::GuardPolicy(
    const GuardSettings& settings,
    std::span<const MemorySample> before)
    : settings_(settings), swap_(before) {
  if (settings.threshold != Pressure::yellow &&
      settings.threshold != Pressure::red) {
    fail(
        ErrorCode::invalid_request,
        "the memory pressure threshold is yellow or red");
  }
  if (!std::isfinite(settings.dwell_s) || settings.dwell_s < 0) {
    fail(
        ErrorCode::invalid_request,
        "the time that memory pressure may last is {} s; it must be 0 or more",
        settings.dwell_s);
  }
}

Verdict GuardPolicy::step(const MemorySample& sample) {
  // A sample that does not know its own time does not know the level either.
  const bool timed = std::isfinite(sample.t_s);
  const double t_s = timed ? sample.t_s : last_s_;
  const Pressure level = timed ? sample.pressure : Pressure::unknown;
  last_s_ = t_s;
  known_s_ = known_s_.value_or(t_s);

  Verdict verdict;
  if (level == Pressure::unknown) {
    ++unknown_samples_;
  } else {
    known_level_ = level;
    known_s_ = t_s;
    unknown_samples_ = 0;
  }
  clock_.step(t_s, level);
  judge_silence(t_s, verdict);
  judge_level(level, t_s, verdict);
  judge_swap(sample, t_s, verdict);
  return verdict;
}

void GuardPolicy::judge_silence(double t_s, Verdict& verdict) {
  if (!settings_.unknown_accepted && unknown_samples_ >= kLostSamples &&
      t_s - *known_s_ >= kLost_s) {
    verdict.action = GuardAction::stop;
    verdict.cause = StopCause::monitor_lost;
  }
}

void GuardPolicy::judge_level(Pressure level, double t_s, Verdict& verdict) {
  if (clock_.running()) {
    verdict.shrink = true;
    verdict.give_back = !relieved_;
    verdict.dwell_s = clock_.counted_s();
  }
  relieved_ = clock_.running();

  if (clock_.running() && settings_.threshold == Pressure::yellow) {
    verdict.dwell_left_s = std::fmax(0, settings_.dwell_s - verdict.dwell_s);
    // Not in a dip to green: it may be the end of it.
    if (level >= Pressure::yellow && verdict.dwell_s > settings_.dwell_s) {
      verdict.action = GuardAction::stop;
      verdict.cause = StopCause::dwell;
    }
  }
  if (level == Pressure::red) {
    const double since_s = red_s_ ? t_s - *red_s_ : -1;
    const bool confirmed = since_s >= 0 && since_s <= DwellClock::kMaxGap_s;
    red_s_ = t_s;
    if (confirmed) {
      verdict.action = GuardAction::stop;
      verdict.cause = StopCause::red;
    } else if (verdict.action != GuardAction::stop) {
      verdict.action = GuardAction::reread;
    }
  } else if (level != Pressure::unknown) {
    red_s_.reset();
  }
}

void GuardPolicy::judge_swap(
    const MemorySample& sample,
    double t_s,
    Verdict& verdict) {
  // A level that fails to be read now and then is still in force.
  const bool in_force = t_s - *known_s_ <= DwellClock::kMaxGap_s;
  const SwapOrigin origin =
      swap_.step(sample, t_s, in_force ? known_level_ : Pressure::unknown);
  StopCause cause = StopCause::none;
  if (settings_.abort_on_swap != SwapRule::off) {
    if (origin == SwapOrigin::own) {
      cause = StopCause::swap_own;
    } else if (origin == SwapOrigin::induced) {
      cause = StopCause::swap_induced;
    } else if (
        settings_.abort_on_swap == SwapRule::strict &&
        swap_.largest_growth_bytes() > 0) {
      cause = StopCause::swap_any;
    }
  }
  if (cause == StopCause::none) {
    notice_swap(origin, verdict);
    return;
  }
  verdict.action = GuardAction::stop;
  verdict.cause = cause;
  verdict.swap_bytes = cause == StopCause::swap_own
      ? swap_.own_growth_bytes().value_or(0)
      : cause == StopCause::swap_induced ? swap_.recent_bytes()
                                         : swap_.largest_growth_bytes();
}

void GuardPolicy::notice_swap(SwapOrigin origin, Verdict& verdict) {
  const auto bit = static_cast<uint8_t>(1u << static_cast<unsigned>(origin));
  if (origin == SwapOrigin::none || (noticed_ & bit) != 0) {
    return;
  }
  noticed_ |= bit;
  verdict.swap_notice = origin;
  verdict.swap_bytes = origin == SwapOrigin::own
      ? swap_.own_growth_bytes().value_or(0)
      : swap_.recent_bytes();
}

std::string describe(const Verdict& verdict) {
  switch (verdict.cause) {
    case StopCause::none:
      return "";
    case StopCause::red:
      return "memory pressure is red";
    case StopCause::dwell:
      return fmt::format(
          "memory pressure has been yellow for {:.1f} s", verdict.dwell_s);
    case StopCause::swap_own:
      return fmt::format(
          "this run's memory went to swap: {}",
          format_size(verdict.swap_bytes));
    case StopCause::swap_induced:
      return fmt::format(
          "this run pushed the machine into swap: {} within {:.0f} s",
          format_size(verdict.swap_bytes),
          SwapWatch::kWindow_s);
    case StopCause::swap_any:
      return fmt::format(
          "the machine's swap grew by {}, and abort_on_swap is strict",
          format_size(verdict.swap_bytes));
    case StopCause::monitor_lost:
      return fmt::format(
          "memory pressure could not be read for {:.0f} s",
          GuardPolicy::kLost_s);
  }
  return "";
}

std::string advice(StopCause cause) {
  switch (cause) {
    case StopCause::none:
      return "";
    case StopCause::red:
    case StopCause::dwell:
    case StopCause::swap_own:
    case StopCause::swap_induced:
      return "close other applications, or take a smaller context or a "
             "smaller model";
    case StopCause::swap_any:
      return "close other applications; with abort_on_swap: on, swap of "
             "others does not stop a run";
    case StopCause::monitor_lost:
      return "run bantam doctor to see what this machine tells of its memory";
  }
  return "";
}

std::string describe_notice(const Verdict& verdict) {
  switch (verdict.swap_notice) {
    case SwapOrigin::none:
      return "";
    case SwapOrigin::own:
      return fmt::format(
          "this run's memory goes to swap ({}), and abort_on_swap is off",
          format_size(verdict.swap_bytes));
    case SwapOrigin::induced:
      return fmt::format(
          "this run pushes the machine into swap ({} within {:.0f} s), and "
          "abort_on_swap is off",
          format_size(verdict.swap_bytes),
          SwapWatch::kWindow_s);
    case SwapOrigin::ambient:
      return fmt::format(
          "the machine swaps ({} within {:.0f} s), as far as can be seen not "
          "because of this run",
          format_size(verdict.swap_bytes),
          SwapWatch::kWindow_s);
  }
  return "";
}

ErrorCode error_code(StopCause cause) {
  switch (cause) {
    case StopCause::swap_own:
    case StopCause::swap_induced:
    case StopCause::swap_any:
      return ErrorCode::swap;
    default:
      return ErrorCode::memory_pressure;
  }
}

}  // namespace bantam
