// SPDX-License-Identifier: MIT
#include "machine/pressure_rules.h"
#include "base/size.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

Pressure of_stall(double some, double full) {
  return judge_pressure({.stall = {{some, full}}});
}

Pressure of_machine(int64_t available, int64_t total) {
  return judge_pressure({.machine = {{available, total}}});
}

TEST(PressureRules, NothingKnownIsUnknown) {
  EXPECT_EQ(judge_pressure({}), Pressure::unknown);
  // Calm signs that prove nothing.
  EXPECT_EQ(judge_pressure({.refault_bytes_per_s = 0.0}), Pressure::unknown);
}

TEST(PressureRules, StallsByShareOfTime) {
  EXPECT_EQ(of_stall(0, 0), Pressure::green);
  EXPECT_EQ(of_stall(0.099, 0.099), Pressure::green);
  EXPECT_EQ(of_stall(0.10, 0.05), Pressure::yellow);
  EXPECT_EQ(of_stall(0.39, 0.24), Pressure::yellow);
  EXPECT_EQ(of_stall(0.30, 0.25), Pressure::red);
  EXPECT_EQ(of_stall(0.40, 0), Pressure::red);
}

TEST(PressureRules, RoomOfTheMachine) {
  EXPECT_EQ(of_machine(200, 1000), Pressure::green);
  EXPECT_EQ(of_machine(100, 1000), Pressure::green);
  EXPECT_EQ(of_machine(99, 1000), Pressure::yellow);
  EXPECT_EQ(of_machine(50, 1000), Pressure::yellow);
  EXPECT_EQ(of_machine(49, 1000), Pressure::red);
  EXPECT_EQ(of_machine(0, 0), Pressure::green);
}

TEST(PressureRules, TheRoomThatIsEnoughDoesNotGrowForEver) {
  EXPECT_EQ(of_machine(5 * kGiB, 512 * kGiB), Pressure::green);
  EXPECT_EQ(of_machine(3 * kGiB, 512 * kGiB), Pressure::yellow);
  EXPECT_EQ(of_machine(1 * kGiB, 512 * kGiB), Pressure::red);
  EXPECT_EQ(of_machine(3 * kGiB, 16 * kGiB), Pressure::green);
}

TEST(PressureRules, TheWorstCounts) {
  EXPECT_EQ(
      judge_pressure({.stall = {{0.2, 0}}, .machine = {{500, 1000}}}),
      Pressure::yellow);
  EXPECT_EQ(
      judge_pressure({.stall = {{0, 0}}, .machine = {{10, 1000}}}),
      Pressure::red);
}

TEST(PressureRules, ATightCgroupCountsAsFarAsTasksWait) {
  PressureReadings tight{.cgroup = {{40, 1000}}};
  EXPECT_EQ(judge_pressure(tight), Pressure::red) << "no PSI: alone";
  tight.stall = {{0, 0}};
  EXPECT_EQ(judge_pressure(tight), Pressure::green);
  tight.stall = {{0.02, 0}};
  EXPECT_EQ(judge_pressure(tight), Pressure::yellow);
  tight.stall = {{0.10, 0}};
  EXPECT_EQ(judge_pressure(tight), Pressure::red);
}

TEST(PressureRules, RefaultsCountAsFarAsTasksWait) {
  PressureReadings thrash{
      .machine = {{900, 1000}}, .refault_bytes_per_s = 150e6};
  EXPECT_EQ(judge_pressure(thrash), Pressure::yellow);
  thrash.stall = {{0.0, 0}};
  EXPECT_EQ(judge_pressure(thrash), Pressure::green);
  thrash.stall = {{0.03, 0}};
  EXPECT_EQ(judge_pressure(thrash), Pressure::yellow);
  thrash.refault_bytes_per_s = 99e6;
  EXPECT_EQ(judge_pressure(thrash), Pressure::green);
  // Not calm, but no proof of calm either.
  EXPECT_EQ(judge_pressure({.refault_bytes_per_s = 150e6}), Pressure::yellow);
}

TEST(PressureRules, OutOfMemoryIsRed) {
  EXPECT_EQ(
      judge_pressure({.stall = {{0, 0}}, .out_of_memory = true}),
      Pressure::red);
}

}  // namespace
}  // namespace bantam
