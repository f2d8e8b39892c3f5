// SPDX-License-Identifier: MIT
#include "memory/preflight.h"

#include <gtest/gtest.h>

#include <vector>

#include "samples.h"

namespace bantam {
namespace {

using enum Pressure;
using Outcome = std::variant<Clear, Refused>;

Outcome check(
    const std::vector<Pressure>& levels,
    const PreflightSettings& settings = {}) {
  std::vector<MemorySample> samples;
  for (size_t i = 0; i < levels.size(); ++i) {
    samples.push_back(at(0.25 * static_cast<double>(i), levels[i]));
  }
  return check_before_run(samples, settings);
}

std::string refusal(const Outcome& outcome) {
  const Refused* refused = std::get_if<Refused>(&outcome);
  return refused ? refused->reason : "";
}

TEST(Preflight, GreenIsClear) {
  const Outcome outcome = check({green, unknown, green});
  ASSERT_TRUE(std::holds_alternative<Clear>(outcome));
  EXPECT_EQ(std::get<Clear>(outcome).pressure, green);
  EXPECT_FALSE(std::get<Clear>(outcome).unknown_accepted);
  EXPECT_TRUE(std::get<Clear>(outcome).warnings.empty());
}

TEST(Preflight, YellowAndRedAreRefusedByName) {
  EXPECT_NE(refusal(check({yellow})).find("is yellow"), std::string::npos);
  EXPECT_NE(refusal(check({red})).find("is red"), std::string::npos);
  // Green now is no proof after yellow a moment ago, nor is unknown.
  EXPECT_NE(refusal(check({yellow, green})).find("yellow"), std::string::npos);
  EXPECT_NE(
      refusal(check({green, red, unknown})).find("red"), std::string::npos);
}

TEST(Preflight, UnknownIsNotGreen) {
  for (const std::vector<Pressure>& levels :
       {std::vector<Pressure>{}, {unknown}, {green, unknown}}) {
    EXPECT_NE(refusal(check(levels)).find("does not tell"), std::string::npos);
    // To allow pressure is not to allow blindness.
    EXPECT_NE(refusal(check(levels, {.allow_pressure = true})), "");
    const Outcome outcome = check(levels, {.allow_unknown = true});
    ASSERT_TRUE(std::holds_alternative<Clear>(outcome));
    EXPECT_TRUE(std::get<Clear>(outcome).unknown_accepted);
    EXPECT_EQ(std::get<Clear>(outcome).warnings.size(), 1u);
  }
}

TEST(Preflight, AllowedPressureIsRecorded) {
  EXPECT_NE(refusal(check({yellow}, {.allow_unknown = true})), "");
  const Outcome outcome = check({yellow}, {.allow_pressure = true});
  ASSERT_TRUE(std::holds_alternative<Clear>(outcome));
  EXPECT_EQ(std::get<Clear>(outcome).pressure, yellow);
  EXPECT_FALSE(std::get<Clear>(outcome).unknown_accepted);
  ASSERT_EQ(std::get<Clear>(outcome).warnings.size(), 1u);
  EXPECT_EQ(
      std::get<Clear>(outcome).warnings[0],
      "memory pressure is yellow before the run");
}

TEST(Preflight, ThresholdRedPutsUpWithYellow) {
  EXPECT_EQ(refusal(check({yellow}, {.threshold = red})), "");
  EXPECT_NE(refusal(check({red}, {.threshold = red})), "");
}

TEST(Preflight, WarnsOfAMachineThatSwapsAlready) {
  std::vector<MemorySample> samples = {at(0, green), at(1, green)};
  samples[0].swap_out_bytes = 100 * kMiB;
  samples[1].swap_out_bytes = 103 * kMiB;
  const Outcome outcome = check_before_run(samples);
  ASSERT_TRUE(std::holds_alternative<Clear>(outcome));
  ASSERT_EQ(std::get<Clear>(outcome).warnings.size(), 1u);
  EXPECT_NE(
      std::get<Clear>(outcome).warnings[0].find("3.1 MB"), std::string::npos);
}

}  // namespace
}  // namespace bantam
