// SPDX-License-Identifier: MIT
// Attribution of swap, through the policy: what stops a run and what does not.
#include "memory/swap_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "memory/guard_policy.h"
#include "samples.h"

namespace bantam {
namespace {

using enum Pressure;

MemorySample green_at(double t_s) {
  MemorySample sample = at(t_s, green);
  sample.swap_used_bytes = 0;
  sample.swap_out_bytes = 0;
  sample.own_footprint_bytes = 100 * kMiB;
  sample.own_swap_bytes = 0;
  return sample;
}

// Ten seconds, from t_s = 1 on, in which `change` gets each sample with the
// number of the second it lies in.
template <typename Change>
std::vector<MemorySample> ten_seconds(const Change& change) {
  std::vector<MemorySample> samples = {green_at(0)};
  for (int quarter = 4; quarter < 44; ++quarter) {
    samples.push_back(green_at(0.25 * quarter));
    change(samples.back(), quarter / 4);
  }
  return samples;
}

struct Ending {
  Verdict verdict;  // that stops, or the last
  std::vector<SwapOrigin> notices;
};

Ending ending(
    const GuardSettings& settings,
    const std::vector<MemorySample>& samples,
    const std::vector<MemorySample>& before = {}) {
  GuardPolicy policy(settings, before);
  Ending ending;
  for (const MemorySample& sample : samples) {
    ending.verdict = policy.step(sample);
    if (ending.verdict.swap_notice != SwapOrigin::none) {
      ending.notices.push_back(ending.verdict.swap_notice);
    }
    if (ending.verdict.action == GuardAction::stop) {
      break;
    }
  }
  return ending;
}

constexpr GuardSettings kOn{};
constexpr GuardSettings kOff{.abort_on_swap = SwapRule::off};
constexpr GuardSettings kStrict{.abort_on_swap = SwapRule::strict};

TEST(GuardSwap, OwnSwapStops) {
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.own_swap_bytes = second >= 5 ? 3 * kMiB : 0;
  });
  const Verdict verdict = ending(kOn, samples).verdict;
  EXPECT_EQ(verdict.cause, StopCause::swap_own);
  EXPECT_EQ(verdict.swap_bytes, 3 * kMiB);
  EXPECT_EQ(describe(verdict), "this run's memory went to swap: 3.1 MB");
  EXPECT_EQ(error_code(verdict.cause), ErrorCode::swap);
  EXPECT_FALSE(advice(verdict.cause).empty());
}

TEST(GuardSwap, LessThanAMebibyteOfOwnSwapIsNothing) {
  const auto up_to = [](int64_t bytes) {
    return ten_seconds([bytes](MemorySample& sample, int second) {
      sample.own_swap_bytes = second >= 5 ? bytes : 0;
    });
  };
  EXPECT_EQ(ending(kOn, up_to(kMiB - 1)).verdict.cause, StopCause::none);
  EXPECT_EQ(ending(kOn, up_to(kMiB)).verdict.cause, StopCause::swap_own);
}

TEST(GuardSwap, OwnSwapIsMeasuredFromBeforeTheRun) {
  auto constant = ten_seconds(
      [](MemorySample& sample, int) { sample.own_swap_bytes = 2 * kMiB; });
  constant.front().own_swap_bytes = 2 * kMiB;
  MemorySample before = green_at(-1);
  EXPECT_EQ(ending(kOn, constant, {before}).verdict.cause, StopCause::swap_own);
  before.own_swap_bytes = 2 * kMiB;
  EXPECT_EQ(ending(kOn, constant, {before}).verdict.cause, StopCause::none);
}

TEST(GuardSwap, OwnSwapThatWasReadBackAndGrowsAgainIsGrowth) {
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.own_swap_bytes = second < 3 ? 5 * kMiB : second < 6 ? 0 : kMiB;
  });
  std::vector<MemorySample> from_full = samples;
  from_full.front().own_swap_bytes = 5 * kMiB;
  const Verdict verdict = ending(kOn, from_full).verdict;
  EXPECT_EQ(verdict.cause, StopCause::swap_own);
  EXPECT_EQ(verdict.swap_bytes, kMiB);
}

TEST(GuardSwap, SwapOfOthersIsReportedOnce) {
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.swap_out_bytes = second * 20 * kMiB;
    sample.swap_used_bytes = second * 20 * kMiB;
  });
  const Ending others = ending(kOn, samples);
  EXPECT_EQ(others.verdict.cause, StopCause::none);
  EXPECT_EQ(others.notices, std::vector{SwapOrigin::ambient});
}

TEST(GuardSwap, SwapThatGrowsAsThisProcessGrowsIsInduced) {
  const auto growing = [](int64_t own_per_second) {
    return ten_seconds([=](MemorySample& sample, int second) {
      sample.swap_out_bytes = second * 8 * kMiB;
      sample.own_footprint_bytes = (100 + second * own_per_second) * kMiB;
    });
  };
  const Verdict verdict = ending(kOn, growing(4)).verdict;
  EXPECT_EQ(verdict.cause, StopCause::swap_induced);
  EXPECT_EQ(verdict.swap_bytes, 16 * kMiB);
  EXPECT_EQ(
      describe(verdict),
      "this run pushed the machine into swap: 16.8 MB within 30 s");
  EXPECT_EQ(error_code(verdict.cause), ErrorCode::swap);
  EXPECT_EQ(ending(kOn, growing(3)).verdict.cause, StopCause::none);
}

TEST(GuardSwap, SwapInYellowIsInduced) {
  for (const Pressure level : {yellow, unknown}) {
    const auto samples = ten_seconds([=](MemorySample& sample, int second) {
      sample.pressure = level;
      sample.swap_out_bytes = second * 8 * kMiB;
    });
    EXPECT_EQ(
        ending({.unknown_accepted = true}, samples).verdict.cause,
        StopCause::swap_induced);
  }
}

TEST(GuardSwap, OneFailedReadingOfGreenIsNoReason) {
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.swap_out_bytes = second * 8 * kMiB;
    sample.pressure = second % 2 == 0 ? unknown : green;
  });
  EXPECT_EQ(ending(kOn, samples).verdict.cause, StopCause::none);
}

TEST(GuardSwap, OneBurstOrAFewBytesInduceNothing) {
  const auto burst = ten_seconds([](MemorySample& sample, int second) {
    sample.pressure = second < 8 ? yellow : green;
    sample.swap_out_bytes = second >= 3 ? 500 * kMiB : 0;
  });
  EXPECT_EQ(ending(kOn, burst).verdict.cause, StopCause::none);
  const auto trickle = ten_seconds([](MemorySample& sample, int second) {
    sample.pressure = second < 8 ? yellow : green;
    sample.swap_out_bytes = second * kMiB;
  });
  EXPECT_EQ(ending(kOn, trickle).verdict.cause, StopCause::none);
}

TEST(GuardSwap, OldSwapIsNoReasonWhenPressureRisesLater) {
  // Others swapped in green; yellow comes when that is over.
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.swap_out_bytes = std::min(second, 5) * 20 * kMiB;
    sample.pressure = second >= 7 ? yellow : green;
  });
  const Ending others = ending(kOn, samples);
  EXPECT_EQ(others.verdict.cause, StopCause::none);
  EXPECT_EQ(others.notices, std::vector{SwapOrigin::ambient});
}

// Loads 10 GB in 10 s and runs; from `swap_begins_s` on swap grows.
std::vector<MemorySample> loading(double period_s, double swap_begins_s) {
  std::vector<MemorySample> samples;
  for (double t_s = 0; t_s < 120; t_s += period_s) {
    MemorySample sample = green_at(t_s);
    sample.own_footprint_bytes =
        static_cast<int64_t>(std::min(t_s, 10.0)) * 1000 * kMiB;
    sample.swap_out_bytes =
        static_cast<int64_t>(std::max(t_s - swap_begins_s, 0.0)) * 4 * kMiB;
    samples.push_back(sample);
  }
  return samples;
}

TEST(GuardSwap, LoadingIsAReasonForHalfAMinute) {
  for (const double period_s : {0.125, 0.25, 1.0}) {
    EXPECT_EQ(
        ending(kOn, loading(period_s, 15)).verdict.cause,
        StopCause::swap_induced)
        << period_s;
    const Ending late = ending(kOn, loading(period_s, 45));
    EXPECT_EQ(late.verdict.cause, StopCause::none) << period_s;
    EXPECT_EQ(late.notices, std::vector{SwapOrigin::ambient}) << period_s;
  }
}

TEST(GuardSwap, WhatTheMachineSwapsAnywayIsAmbient) {
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.pressure = yellow;
    sample.swap_out_bytes = (100 + second * 8) * kMiB;
  });
  std::vector<MemorySample> before = {green_at(-2), green_at(0)};
  before[0].swap_out_bytes = 84 * kMiB;
  before[1].swap_out_bytes = 100 * kMiB;
  const Ending as_before = ending(kOn, samples, before);
  EXPECT_EQ(as_before.verdict.cause, StopCause::none);
  EXPECT_EQ(as_before.notices, std::vector{SwapOrigin::ambient});
  // Twice as fast as before the run is more than ambient.
  before[0].swap_out_bytes = 92 * kMiB;
  EXPECT_EQ(
      ending(kOn, samples, before).verdict.cause, StopCause::swap_induced);
  // Too short to know a speed.
  before[0] = green_at(-0.5);
  before[0].swap_out_bytes = 96 * kMiB;
  EXPECT_EQ(
      ending(kOn, samples, before).verdict.cause, StopCause::swap_induced);
}

TEST(GuardSwap, StaleSwapFromBeforeIsNoGrowth) {
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.swap_used_bytes = (4000 - second) * kMiB;
    sample.swap_out_bytes = 9000 * kMiB;
    sample.pressure = second < 9 ? yellow : green;
  });
  std::vector<MemorySample> stale = samples;
  stale.front() = stale[1];
  for (const GuardSettings& settings : {kOn, kStrict}) {
    const Ending nothing = ending(settings, stale);
    EXPECT_EQ(nothing.verdict.cause, StopCause::none);
    EXPECT_TRUE(nothing.notices.empty());
  }
}

TEST(GuardSwap, SwapInUseCountsOnlyWithoutACounter) {
  const auto samples = [](bool with_counter) {
    return ten_seconds([=](MemorySample& sample, int second) {
      sample.pressure = yellow;
      sample.swap_used_bytes = (3000 + second * 8) * kMiB;
      sample.swap_out_bytes =
          with_counter ? std::optional<int64_t>(5) : std::nullopt;
    });
  };
  std::vector<MemorySample> without = samples(false);
  without.front().swap_out_bytes.reset();
  without.front().swap_used_bytes = 3000 * kMiB;
  EXPECT_EQ(ending(kOn, without).verdict.cause, StopCause::swap_induced);
  EXPECT_EQ(ending(kOn, samples(true)).verdict.cause, StopCause::none);
  // A counter that turns up late starts at its own first value.
  for (size_t i = 4; i < without.size(); ++i) {
    without[i].swap_out_bytes = 7000 * kMiB + static_cast<int64_t>(i) * 4096;
  }
  EXPECT_EQ(ending(kOn, without).verdict.cause, StopCause::none);
}

TEST(GuardSwap, CounterThatStartsAgainIsTolerated) {
  const auto samples = [](int64_t per_second) {
    return ten_seconds([=](MemorySample& sample, int second) {
      sample.pressure = yellow;
      sample.swap_out_bytes =
          second < 4 ? 9000 * kMiB : (second - 4) * per_second * kMiB;
    });
  };
  std::vector<MemorySample> harmless = samples(1);
  harmless.front().swap_out_bytes = 9000 * kMiB;
  EXPECT_EQ(ending(kOn, harmless).verdict.cause, StopCause::none);
  std::vector<MemorySample> growing = samples(8);
  growing.front().swap_out_bytes = 9000 * kMiB;
  const Verdict verdict = ending(kOn, growing).verdict;
  EXPECT_EQ(verdict.cause, StopCause::swap_induced);
  EXPECT_EQ(verdict.swap_bytes, 16 * kMiB);
}

TEST(GuardSwap, GrowthAcrossAGapInSamplesIsSeen) {
  std::vector<MemorySample> samples = {green_at(0), green_at(100)};
  samples.push_back(green_at(100.25));
  samples[1].swap_out_bytes = 30 * kMiB;
  samples[2].swap_out_bytes = 31 * kMiB;
  samples[1].pressure = samples[2].pressure = yellow;
  EXPECT_EQ(ending(kOn, samples).verdict.cause, StopCause::swap_induced);
}

TEST(GuardSwap, MissingFieldsAreNotZero) {
  GuardPolicy policy;
  // Nothing is told at all, then values appear, vanish and come back.
  policy.step(at(0, green));
  EXPECT_EQ(policy.own_swap_growth_bytes(), std::nullopt);
  EXPECT_EQ(policy.machine_swap_growth_bytes(), std::nullopt);
  MemorySample sample = green_at(0.25);
  sample.own_swap_bytes = 50 * kMiB;
  sample.swap_out_bytes = 500 * kMiB;
  EXPECT_EQ(policy.step(sample).action, GuardAction::carry_on);
  EXPECT_EQ(policy.step(at(0.5, green)).action, GuardAction::carry_on);
  sample.t_s = 0.75;
  EXPECT_EQ(policy.step(sample).action, GuardAction::carry_on);
  EXPECT_EQ(policy.own_swap_growth_bytes(), 0);
  EXPECT_EQ(policy.machine_swap_growth_bytes(), 0);
  // Growth while nobody could look is growth.
  EXPECT_EQ(policy.step(at(1, green)).action, GuardAction::carry_on);
  sample.t_s = 1.25;
  sample.own_swap_bytes = 52 * kMiB;
  sample.swap_out_bytes = 503 * kMiB;
  EXPECT_EQ(policy.step(sample).cause, StopCause::swap_own);
  EXPECT_EQ(policy.own_swap_growth_bytes(), 2 * kMiB);
  EXPECT_EQ(policy.machine_swap_growth_bytes(), 3 * kMiB);
}

TEST(GuardSwap, UnknownFootprintIsNoReasonInGreen) {
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.own_footprint_bytes.reset();
    sample.swap_out_bytes = second * 20 * kMiB;
  });
  EXPECT_EQ(ending(kOn, samples).verdict.cause, StopCause::none);
}

TEST(GuardSwap, NonsenseValuesNeitherStopNorOverflow) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    const int64_t odd = second % 2 == 0 ? kLeast : -1;
    sample.own_swap_bytes = odd;
    sample.swap_out_bytes = odd;
    sample.swap_used_bytes = odd;
    sample.own_footprint_bytes = odd;
  });
  EXPECT_EQ(ending(kStrict, samples).verdict.cause, StopCause::none);
  const auto huge = ten_seconds([](MemorySample& sample, int second) {
    sample.swap_out_bytes = second % 2 == 0 ? 0 : kMost;
    sample.own_footprint_bytes = second % 2 == 0 ? 0 : kMost;
  });
  EXPECT_EQ(ending(kOn, huge).verdict.cause, StopCause::swap_induced);
}

TEST(GuardSwap, StrictStopsForTheFirstByte) {
  for (int field = 0; field < 2; ++field) {
    const auto samples = ten_seconds([=](MemorySample& sample, int second) {
      auto& value = field == 0 ? sample.swap_out_bytes : sample.swap_used_bytes;
      value = second >= 5 ? 4096 : 0;
    });
    const Verdict verdict = ending(kStrict, samples).verdict;
    EXPECT_EQ(verdict.cause, StopCause::swap_any);
    EXPECT_EQ(verdict.swap_bytes, 4096);
    EXPECT_EQ(error_code(verdict.cause), ErrorCode::swap);
    EXPECT_NE(describe(verdict).find("strict"), std::string::npos);
    EXPECT_EQ(ending(kOn, samples).verdict.cause, StopCause::none);
  }
}

TEST(GuardSwap, OffReportsEachKindOnce) {
  const auto samples = ten_seconds([](MemorySample& sample, int second) {
    sample.pressure = second < 8 ? yellow : green;
    sample.swap_out_bytes = second * 20 * kMiB;
    sample.own_swap_bytes = second < 5 ? 0 : 100 * kMiB;
  });
  GuardPolicy policy(kOff);
  std::vector<std::string> notices;
  for (const MemorySample& sample : samples) {
    const Verdict verdict = policy.step(sample);
    EXPECT_NE(verdict.action, GuardAction::stop);
    if (verdict.swap_notice != SwapOrigin::none) {
      notices.push_back(describe_notice(verdict));
    }
  }
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_NE(notices[0].find("pushes the machine into swap"), std::string::npos);
  EXPECT_NE(notices[1].find("memory goes to swap"), std::string::npos);
}

TEST(GuardSwap, IsNamedBeforePressure) {
  GuardPolicy policy;
  MemorySample sample = green_at(0);
  policy.step(sample);
  sample.pressure = red;
  EXPECT_EQ(policy.step(sample).action, GuardAction::reread);
  sample.own_swap_bytes = 2 * kMiB;
  EXPECT_EQ(policy.step(sample).cause, StopCause::swap_own);
}

}  // namespace
}  // namespace bantam
