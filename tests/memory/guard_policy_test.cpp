// SPDX-License-Identifier: MIT
#include "memory/guard_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "samples.h"

namespace bantam {
namespace {

using enum Pressure;

// A stretch of one level, sampled four times a second as the monitor does.
struct Stretch {
  double length_s;
  Pressure level;
};

std::vector<MemorySample> samples_of(const std::vector<Stretch>& stretches) {
  std::vector<MemorySample> samples;
  double begin_s = 0;
  double t_s = 0;
  for (const Stretch& stretch : stretches) {
    for (; t_s < begin_s + stretch.length_s; t_s += 0.25) {
      samples.push_back(at(t_s, stretch.level));
    }
    begin_s += stretch.length_s;
  }
  return samples;
}

// The first verdict that stops, or the last verdict.
Verdict outcome(GuardPolicy policy, const std::vector<MemorySample>& samples) {
  Verdict verdict;
  for (const MemorySample& sample : samples) {
    verdict = policy.step(sample);
    if (verdict.action == GuardAction::stop) {
      break;
    }
  }
  return verdict;
}

Verdict outcome(const std::vector<MemorySample>& samples) {
  return outcome(GuardPolicy(), samples);
}

TEST(GuardPolicy, GreenGoesOnForEver) {
  const Verdict verdict = outcome(samples_of({{3600, green}}));
  EXPECT_EQ(verdict.action, GuardAction::carry_on);
  EXPECT_FALSE(verdict.shrink);
  EXPECT_EQ(describe(verdict), "");
  EXPECT_TRUE(std::isinf(verdict.dwell_left_s));
}

TEST(GuardPolicy, YellowMayLastTenSecondsAndNoLonger) {
  for (const double length_s : {9.9, 10.0}) {
    const Verdict verdict = outcome(
        {at(0, green),
         at(100, yellow),
         at(101.5, yellow),
         at(103, yellow),
         at(105, yellow),
         at(107, yellow),
         at(109, yellow),
         at(100 + length_s, yellow)});
    EXPECT_EQ(verdict.action, GuardAction::carry_on) << length_s;
    EXPECT_NEAR(verdict.dwell_left_s, 10 - length_s, 1e-9);
  }
  const Verdict verdict = outcome(
      {at(0, green),
       at(100, yellow),
       at(101.5, yellow),
       at(103, yellow),
       at(105, yellow),
       at(107, yellow),
       at(109, yellow),
       at(110.1, yellow)});
  EXPECT_EQ(verdict.action, GuardAction::stop);
  EXPECT_EQ(verdict.cause, StopCause::dwell);
  EXPECT_EQ(describe(verdict), "memory pressure has been yellow for 10.1 s");
  EXPECT_EQ(error_code(verdict.cause), ErrorCode::memory_pressure);
  EXPECT_FALSE(advice(verdict.cause).empty());
}

TEST(GuardPolicy, YellowThatEndsInTimeStopsNothing) {
  const Verdict verdict =
      outcome(samples_of({{3, green}, {9.9, yellow}, {60, green}}));
  EXPECT_EQ(verdict.action, GuardAction::carry_on);
}

TEST(GuardPolicy, ShortDipsToGreenDoNotRestartTheClock) {
  // 4 + 1.75 + 3 + 1.75 = 10.5 s with the dips: the return to yellow stops.
  const Verdict verdict = outcome(samples_of(
      {{4, yellow}, {1.75, green}, {3, yellow}, {1.75, green}, {1, yellow}}));
  EXPECT_EQ(verdict.cause, StopCause::dwell);
  EXPECT_DOUBLE_EQ(verdict.dwell_s, 10.5);
}

TEST(GuardPolicy, FlappingCountsAsStaying) {
  std::vector<Stretch> flapping;
  for (int i = 0; i < 20; ++i) {
    flapping.push_back({0.5, yellow});
    flapping.push_back({0.5, green});
  }
  const Verdict verdict = outcome(samples_of(flapping));
  EXPECT_EQ(verdict.cause, StopCause::dwell);
  EXPECT_NEAR(verdict.dwell_s, 10.25, 0.25);
}

TEST(GuardPolicy, TwoSecondsOfGreenRestartTheClock) {
  const Verdict verdict = outcome(
      samples_of({{9, yellow}, {2.25, green}, {9, yellow}, {2.25, green}}));
  EXPECT_EQ(verdict.action, GuardAction::carry_on);
  EXPECT_EQ(verdict.dwell_s, 0);
}

TEST(GuardPolicy, DipToGreenNeverStopsByItself) {
  const Verdict verdict = outcome(samples_of({{9.9, yellow}, {1.75, green}}));
  EXPECT_GT(verdict.dwell_s, 10);
  EXPECT_EQ(verdict.action, GuardAction::carry_on);
}

TEST(GuardPolicy, RedIsReadAgainAndThenStops) {
  GuardPolicy policy;
  EXPECT_EQ(policy.step(at(0, green)).action, GuardAction::carry_on);
  EXPECT_EQ(policy.step(at(1, red)).action, GuardAction::reread);
  const Verdict verdict = policy.step(at(1.0001, red));
  EXPECT_EQ(verdict.action, GuardAction::stop);
  EXPECT_EQ(verdict.cause, StopCause::red);
  EXPECT_EQ(describe(verdict), "memory pressure is red");
  EXPECT_EQ(error_code(verdict.cause), ErrorCode::memory_pressure);
}

TEST(GuardPolicy, RedThatVanishesOnTheSecondReadingGoesOn) {
  for (const Pressure second : {green, yellow}) {
    GuardPolicy policy;
    EXPECT_EQ(policy.step(at(1, red)).action, GuardAction::reread);
    EXPECT_EQ(policy.step(at(1, second)).action, GuardAction::carry_on);
    // The next red is a first one again.
    EXPECT_EQ(policy.step(at(1.25, red)).action, GuardAction::reread);
  }
}

TEST(GuardPolicy, UnknownDoesNotClearASuspicionOfRed) {
  GuardPolicy policy;
  EXPECT_EQ(policy.step(at(1, red)).action, GuardAction::reread);
  EXPECT_EQ(policy.step(at(1, unknown)).action, GuardAction::carry_on);
  EXPECT_EQ(policy.step(at(1.25, red)).cause, StopCause::red);
}

TEST(GuardPolicy, UnconfirmedRedCountsForTheDwellClock) {
  std::vector<MemorySample> samples;
  for (int i = 0; i <= 41; ++i) {
    samples.push_back(at(0.25 * i, i % 2 == 0 ? red : yellow));
  }
  EXPECT_EQ(outcome(samples).cause, StopCause::dwell);
}

TEST(GuardPolicy, RedStopsWhateverTheThreshold) {
  const GuardPolicy policy({.threshold = red});
  const std::vector<MemorySample> patient =
      samples_of({{1, green}, {3600, yellow}});
  EXPECT_EQ(outcome(policy, patient).action, GuardAction::carry_on);
  EXPECT_TRUE(outcome(policy, patient).shrink);
  EXPECT_TRUE(std::isinf(outcome(policy, patient).dwell_left_s));
  EXPECT_EQ(
      outcome(policy, samples_of({{15, yellow}, {1, red}})).cause,
      StopCause::red);
}

TEST(GuardPolicy, SleepOfTheMachineIsNotInItsClock) {
  // The clock of samples stands still: t_s goes on where it was.
  std::vector<MemorySample> samples =
      samples_of({{1, green}, {6, yellow}});  // lid shut here
  for (double t_s = 7; t_s <= 11; t_s += 0.25) {
    samples.push_back(at(t_s, yellow));
  }
  EXPECT_EQ(outcome(samples).action, GuardAction::carry_on);
  samples.push_back(at(11.25, yellow));
  EXPECT_EQ(outcome(samples).cause, StopCause::dwell);
}

TEST(GuardPolicy, GapInSamplesInventsNoYellowTime) {
  GuardPolicy policy;
  policy.step(at(0, yellow));
  policy.step(at(2, yellow));  // 2 s apart: seen
  EXPECT_DOUBLE_EQ(policy.step(at(3, yellow)).dwell_s, 3);
  // An hour nobody saw; the 3 s that were seen stay.
  EXPECT_DOUBLE_EQ(policy.step(at(3603, yellow)).dwell_s, 3);
  EXPECT_DOUBLE_EQ(policy.step(at(3605, yellow)).dwell_s, 5);
  EXPECT_DOUBLE_EQ(policy.step(at(3607.25, yellow)).dwell_s, 5);
}

TEST(GuardPolicy, GapInSamplesInventsNoGreenTimeEither) {
  GuardPolicy policy;
  policy.step(at(0, yellow));
  policy.step(at(1, green));
  EXPECT_TRUE(policy.step(at(9, green)).shrink);
  EXPECT_TRUE(policy.step(at(10, green)).shrink);
  EXPECT_FALSE(policy.step(at(11, green)).shrink);
}

TEST(GuardPolicy, RedAfterAGapIsReadAgainFirst) {
  GuardPolicy policy;
  EXPECT_EQ(policy.step(at(0, red)).action, GuardAction::reread);
  EXPECT_EQ(policy.step(at(5, red)).action, GuardAction::reread);
  EXPECT_EQ(policy.step(at(5, red)).cause, StopCause::red);
}

TEST(GuardPolicy, TimeThatRunsBackwardsInventsNothing) {
  GuardPolicy policy;
  policy.step(at(100, yellow));
  policy.step(at(101, yellow));
  EXPECT_DOUBLE_EQ(policy.step(at(3, yellow)).dwell_s, 1);
  EXPECT_DOUBLE_EQ(policy.step(at(4, yellow)).dwell_s, 2);
}

TEST(GuardPolicy, UnknownIsNeitherYellowNorGreen) {
  GuardPolicy policy;
  policy.step(at(0, yellow));
  // Not green: no reset. Nor does the clock start or stop the run by it.
  for (int i = 1; i < 8; ++i) {
    EXPECT_EQ(policy.step(at(0.25 * i, unknown)).dwell_s, 0) << i;
  }
  EXPECT_DOUBLE_EQ(policy.step(at(2, yellow)).dwell_s, 2);
  // It interrupts green: 2.25 to 4.5 is not 2 s of it.
  policy.step(at(2.25, green));
  policy.step(at(3.5, unknown));
  EXPECT_TRUE(policy.step(at(4.5, green)).shrink);
  EXPECT_FALSE(policy.step(at(6.5, green)).shrink);
}

TEST(GuardPolicy, EightUnknownLevelsInTwoSecondsLoseTheMonitor) {
  GuardPolicy policy;
  policy.step(at(0, green));
  for (int i = 1; i < 8; ++i) {
    EXPECT_EQ(policy.step(at(0.25 * i, unknown)).action, GuardAction::carry_on);
  }
  const Verdict verdict = policy.step(at(2, unknown));
  EXPECT_EQ(verdict.cause, StopCause::monitor_lost);
  EXPECT_EQ(describe(verdict), "memory pressure could not be read for 2 s");
  EXPECT_EQ(error_code(verdict.cause), ErrorCode::memory_pressure);
}

TEST(GuardPolicy, QuickSamplesLoseTheMonitorNoSooner) {
  GuardPolicy policy;
  policy.step(at(0, green));
  Verdict verdict;
  int64_t samples = 0;
  for (double t_s = 0; verdict.action == GuardAction::carry_on; ++samples) {
    t_s += 0.0625;
    verdict = policy.step(at(t_s, unknown));
  }
  EXPECT_EQ(samples, 32);
  // Nor do a few slow ones.
  GuardPolicy slow;
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(slow.step(at(3.0 * i, unknown)).action, GuardAction::carry_on);
  }
  EXPECT_EQ(slow.step(at(21, unknown)).cause, StopCause::monitor_lost);
}

TEST(GuardPolicy, OneKnownLevelStartsTheCountOfUnknownAgain) {
  std::vector<MemorySample> samples;
  for (int i = 0; i < 400; ++i) {
    samples.push_back(at(0.25 * i, i % 8 == 7 ? green : unknown));
  }
  EXPECT_EQ(outcome(samples).action, GuardAction::carry_on);
}

TEST(GuardPolicy, UnknownAtStartStopsUnlessAccepted) {
  const std::vector<MemorySample> samples = samples_of({{600, unknown}});
  EXPECT_EQ(outcome(samples).cause, StopCause::monitor_lost);
  const GuardPolicy accepting({.unknown_accepted = true});
  const Verdict verdict = outcome(accepting, samples);
  EXPECT_EQ(verdict.action, GuardAction::carry_on);
  EXPECT_FALSE(verdict.shrink);
  // What it does tell is still obeyed, and the unknown hour is no yellow one.
  EXPECT_EQ(
      outcome(
          accepting, samples_of({{5, yellow}, {3600, unknown}, {5, yellow}}))
          .action,
      GuardAction::carry_on);
  EXPECT_EQ(
      outcome(accepting, samples_of({{60, unknown}, {1, red}})).cause,
      StopCause::red);
}

TEST(GuardPolicy, OddTimesAreUnknown) {
  for (const double odd :
       {std::numeric_limits<double>::quiet_NaN(),
        std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    GuardPolicy policy;
    EXPECT_EQ(policy.step(at(odd, red)).action, GuardAction::carry_on);
    policy.step(at(1, yellow));
    policy.step(at(odd, green));
    EXPECT_DOUBLE_EQ(policy.step(at(2, yellow)).dwell_s, 1);
  }
}

TEST(GuardPolicy, ReliefIsAskedForOnceAnEpisode) {
  GuardPolicy policy;
  int give_backs = 0;
  int shrunk = 0;
  const auto play = [&](const std::vector<MemorySample>& samples) {
    for (const MemorySample& sample : samples) {
      const Verdict verdict = policy.step(sample);
      give_backs += verdict.give_back ? 1 : 0;
      shrunk += verdict.shrink ? 1 : 0;
    }
  };
  // A dip is the same episode: 8 + 4 + 8 samples, and 8 until green is sure.
  play(samples_of(
      {{2, green}, {2, yellow}, {1, green}, {2, yellow}, {4, green}}));
  EXPECT_EQ(give_backs, 1);
  EXPECT_EQ(shrunk, 8 + 4 + 8 + 8);
  std::vector<MemorySample> again = samples_of({{2, yellow}});
  for (MemorySample& sample : again) {
    sample.t_s += 20;
  }
  play(again);
  EXPECT_EQ(give_backs, 2);
}

TEST(GuardPolicy, ShorterDwellIsObeyed) {
  const GuardPolicy policy({.dwell_s = 0});
  EXPECT_EQ(outcome(policy, {at(0, yellow)}).action, GuardAction::carry_on);
  EXPECT_EQ(
      outcome(policy, {at(0, yellow), at(0.25, yellow)}).cause,
      StopCause::dwell);
}

TEST(GuardPolicy, RefusesSettingsWithoutSense) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const GuardSettings& settings : std::vector<GuardSettings>{
           {.threshold = green},
           {.threshold = unknown},
           {.dwell_s = -1},
           {.dwell_s = nan}}) {
    try {
      const GuardPolicy policy(settings);
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    }
  }
}

// The dwell rule once more, from its definition and from scratch for each
// sample, in whole ticks of time: which yellow sample began the episode that
// this one is in, and how many of the ticks since then were seen?
class SlowDwell {
 public:
  static constexpr int64_t kTicksPerSecond = 8;

  void add(int64_t tick, Pressure level) {
    ticks_.push_back(tick);
    levels_.push_back(level);
  }

  // Ticks counted at the last sample; -1 if there is no episode.
  int64_t counted() const {
    std::vector<size_t> known;
    for (size_t i = 0; i < ticks_.size(); ++i) {
      if (levels_[i] != unknown) {
        known.push_back(i);
      }
    }
    size_t first = 0;  // in `known`, after the last sure green
    for (size_t end = 0; end < known.size(); ++end) {
      if (ends_sure_green(known, end)) {
        first = end + 1;
      }
    }
    while (first < known.size() && levels_[known[first]] == green) {
      ++first;
    }
    if (first >= known.size()) {
      return -1;
    }
    int64_t sum = 0;
    for (size_t i = first + 1; i < known.size(); ++i) {
      const int64_t step = ticks_[known[i]] - ticks_[known[i - 1]];
      sum += seen(step) ? step : 0;
    }
    return sum;
  }

 private:
  static bool seen(int64_t step) {
    return step >= 0 && step <= 2 * kTicksPerSecond;
  }
  // Is there a run of neighbouring green samples, without an unknown one or a
  // gap between them, that ends here and is 2 s long?
  bool ends_sure_green(const std::vector<size_t>& known, size_t end) const {
    for (size_t begin = end;; --begin) {
      if (levels_[known[begin]] != green) {
        return false;
      }
      if (ticks_[known[end]] - ticks_[known[begin]] >= 2 * kTicksPerSecond) {
        return true;
      }
      if (begin == 0 || known[begin] - known[begin - 1] != 1 ||
          !seen(ticks_[known[begin]] - ticks_[known[begin - 1]])) {
        return false;
      }
    }
  }

  std::vector<int64_t> ticks_;
  std::vector<Pressure> levels_;
};

TEST(GuardPolicy, AgreesWithASlowModelOfTheDwellRule) {
  std::mt19937 random(20240607);
  const auto below = [&](uint32_t n) { return random() % n; };
  int64_t stops = 0;
  int64_t resets = 0;
  for (int trace = 0; trace < 600; ++trace) {
    GuardPolicy policy({.unknown_accepted = true});
    SlowDwell model;
    int64_t tick = below(1000);
    Pressure level = below(2) == 0 ? green : yellow;
    const uint32_t stickiness = 1 + below(12);
    bool was_running = false;
    for (int i = 0; i < 120; ++i) {
      // Mostly a sample after another; at times a gap, or time runs back.
      const uint32_t kind = below(50);
      tick += kind == 0 ? static_cast<int64_t>(below(400))
          : kind == 1   ? -static_cast<int64_t>(below(20))
          : kind < 10   ? static_cast<int64_t>(10 + below(10))
                        : static_cast<int64_t>(1 + below(3));
      if (below(stickiness) == 0) {
        level = below(10) == 0 ? unknown : below(3) == 0 ? yellow : green;
        level = below(3) == 0 ? yellow : level;
      }
      model.add(tick, level);
      const Verdict verdict = policy.step(
          at(static_cast<double>(tick) / SlowDwell::kTicksPerSecond, level));
      const int64_t counted = model.counted();
      ASSERT_EQ(verdict.shrink, counted >= 0) << trace << " " << i;
      ASSERT_EQ(
          verdict.dwell_s * SlowDwell::kTicksPerSecond,
          static_cast<double>(std::max<int64_t>(counted, 0)))
          << trace << " " << i;
      const bool stop =
          level == yellow && counted > 10 * SlowDwell::kTicksPerSecond;
      ASSERT_EQ(verdict.action == GuardAction::stop, stop) << trace << " " << i;
      stops += stop ? 1 : 0;
      resets += was_running && counted < 0 ? 1 : 0;
      was_running = counted >= 0;
    }
  }
  // The traces reach what they are about.
  EXPECT_GT(stops, 1000);
  EXPECT_GT(resets, 300);
}

}  // namespace
}  // namespace bantam
