// SPDX-License-Identifier: MIT
#include "machine/counter_window.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

TEST(CounterWindow, CoversTwoSeconds) {
  CounterWindow window;
  // 10 a second for 5 s, then nothing.
  for (int i = 0; i <= 20; ++i) {
    window.add(i * 0.25, i * 10 / 4);
  }
  EXPECT_DOUBLE_EQ(window.growth()->seconds, 2);
  EXPECT_EQ(window.growth()->amount, 50 - 30);
  for (int i = 21; i <= 29; ++i) {
    window.add(i * 0.25, 50);
  }
  EXPECT_EQ(window.growth()->amount, 0);
}

TEST(CounterWindow, SaysNothingBeforeItHasSeenEnough) {
  CounterWindow window;
  EXPECT_FALSE(window.growth());
  window.add(0, 100);
  window.add(0.5, 200);
  EXPECT_FALSE(window.growth());
  EXPECT_TRUE(window.grew());
  window.add(1, 300);
  EXPECT_DOUBLE_EQ(window.growth()->per_second(), 200);
}

TEST(CounterWindow, AnyRateOfSamplingGivesTheSameRate) {
  for (const double step : {0.001, 0.01, 0.1, 0.25, 0.7, 1.0, 1.9, 3.0}) {
    CounterWindow window;
    for (double t = 0; t < 20; t += step) {
      window.add(t, static_cast<int64_t>(t * 1e6));
    }
    ASSERT_TRUE(window.growth()) << step;
    EXPECT_NEAR(window.growth()->per_second(), 1e6, 10) << step;
    EXPECT_GE(window.growth()->seconds, 1.99) << step;
    EXPECT_LE(window.growth()->seconds, 2.01 + std::max(step, 0.2)) << step;
  }
}

TEST(CounterWindow, StartsAgainAfterAResetAGapOrSilence) {
  CounterWindow window;
  const auto fill = [&](double from) {
    for (int i = 0; i <= 8; ++i) {
      window.add(from + i * 0.25, 1000 + i);
    }
    ASSERT_TRUE(window.growth());
  };
  fill(0);
  window.add(2.25, 3);
  EXPECT_FALSE(window.growth());
  EXPECT_FALSE(window.grew());
  fill(10);
  window.add(12.1, std::nullopt);
  EXPECT_FALSE(window.growth());
  fill(20);
  window.add(20 + 3600, 999'999);
  EXPECT_FALSE(window.growth());
  fill(4000);
  window.add(1, 999'999);  // a clock that goes back
  EXPECT_FALSE(window.growth());
}

TEST(CounterWindow, TakesTheLargestNumbers) {
  CounterWindow window;
  window.add(0, 0);
  window.add(1, INT64_MAX);
  EXPECT_EQ(window.growth()->amount, INT64_MAX);
}

}  // namespace
}  // namespace bantam
