// SPDX-License-Identifier: MIT
#include "machine/darwin_source.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "allocation_count.h"
#include "fake_darwin.h"

namespace bantam {
namespace {

class DarwinSourceTest : public testing::Test {
 protected:
  FakeDarwin fake_;
  DarwinMemorySource source_{fake_.system()};
};

TEST_F(DarwinSourceTest, ReadsEveryField) {
  const MemorySample got = source_.sample();
  EXPECT_EQ(got.t_s, 100);
  EXPECT_EQ(got.pressure, Pressure::green);
  EXPECT_EQ(got.total_bytes, int64_t{16} << 30);
  EXPECT_EQ(got.swap_used_bytes, 3'900'000'000);
  EXPECT_EQ(got.swap_in_bytes, 1000 * 16384);
  EXPECT_EQ(got.swap_out_bytes, 2000 * 16384);
  EXPECT_EQ(got.own_footprint_bytes, 150'000'000 + 90'000'000);
  EXPECT_EQ(got.own_swap_bytes, 4096);
  EXPECT_FALSE(got.apps);
}

TEST_F(DarwinSourceTest, OnlyThreeLevelsHaveAColour) {
  const std::map<int, Pressure> colours{
      {0, Pressure::unknown},
      {1, Pressure::green},
      {2, Pressure::yellow},
      {3, Pressure::unknown},
      {4, Pressure::red},
      {8, Pressure::unknown},
      {-1, Pressure::unknown}};
  for (const auto& [level, colour] : colours) {
    fake_.set_number("kern.memorystatus_vm_pressure_level", level);
    EXPECT_EQ(source_.sample().pressure, colour) << level;
  }
  fake_.sysctls.erase("kern.memorystatus_vm_pressure_level");
  EXPECT_EQ(source_.sample().pressure, Pressure::unknown);
  fake_.sysctls["kern.memorystatus_vm_pressure_level"] = std::string(1, '\1');
  EXPECT_EQ(source_.sample().pressure, Pressure::unknown);
}

TEST_F(DarwinSourceTest, ASystemThatAnswersNothingGivesAnEmptySample) {
  fake_.sysctls.clear();
  fake_.vm_works = false;
  fake_.task_works = false;
  fake_.processes.clear();
  DarwinMemorySource source(fake_.system());
  const MemorySample got = source.sample_with_apps();
  EXPECT_EQ(got.pressure, Pressure::unknown);
  EXPECT_FALSE(got.total_bytes);
  EXPECT_FALSE(got.available_bytes);
  EXPECT_FALSE(got.swap_used_bytes);
  EXPECT_FALSE(got.swap_in_bytes);
  EXPECT_FALSE(got.own_footprint_bytes);
  EXPECT_FALSE(got.own_swap_bytes);
  EXPECT_FALSE(got.apps);
  EXPECT_FALSE(source.ratio());
}

TEST_F(DarwinSourceTest, TheRatioLeadsAndBoundsWhatIsAvailable) {
  // 300 + 200 + 100 on hand, 200 with the compressor: 600 / 800.
  fake_.vm = {16384, 300, 200, 100, 200, 0, 0};
  EXPECT_EQ(source_.sample().available_bytes, (600 - 300) * 16384);
  EXPECT_DOUBLE_EQ(*source_.ratio(), 0.75);
  // At the line, none is left; below it neither.
  fake_.vm.compressor = 400;
  fake_.now_s += 1;
  EXPECT_EQ(source_.sample().available_bytes, 0);
  EXPECT_DOUBLE_EQ(*source_.ratio(), 0.6);
  fake_.vm.compressor = 4000;
  fake_.now_s += 1;
  EXPECT_EQ(source_.sample().available_bytes, 0);
}

TEST_F(DarwinSourceTest, StatisticsAreAskedForOnceASecond) {
  for (int i = 0; i < 40; ++i) {
    source_.sample();
    fake_.now_s += 0.25;
  }
  EXPECT_EQ(fake_.vm_calls, 10);
}

TEST_F(DarwinSourceTest, StaleAnswersDoNotTurnCountersBack) {
  fake_.vm.swapped_out = 5000;
  EXPECT_EQ(source_.sample().swap_out_bytes, 5000 * 16384);
  fake_.now_s += 1;
  fake_.vm.swapped_out = 4000;
  EXPECT_EQ(source_.sample().swap_out_bytes, 5000 * 16384);
  fake_.now_s += 1;
  fake_.vm.swapped_out = 5001;
  EXPECT_EQ(source_.sample().swap_out_bytes, 5001 * 16384);
}

TEST_F(DarwinSourceTest, AnAnswerIsKeptForFiveSecondsAndNoLonger) {
  source_.sample();
  fake_.vm_works = false;
  fake_.now_s += 4;
  EXPECT_TRUE(source_.sample().available_bytes);
  fake_.now_s += 2;
  EXPECT_FALSE(source_.sample().available_bytes);
  EXPECT_FALSE(source_.sample().swap_out_bytes);
  EXPECT_FALSE(source_.ratio());
  EXPECT_NE(source_.describe().find("no answer"), std::string::npos);
  fake_.vm_works = true;
  fake_.now_s += 1;
  EXPECT_TRUE(source_.sample().available_bytes);
}

TEST_F(DarwinSourceTest, OldSystemsKnowLessOfTheTask) {
  fake_.task = {150'000'000, std::nullopt, std::nullopt};
  EXPECT_EQ(source_.sample().own_footprint_bytes, 150'000'000);
  EXPECT_FALSE(source_.sample().own_swap_bytes);
  fake_.task = {std::nullopt, 90'000'000, std::nullopt};
  EXPECT_FALSE(source_.sample().own_footprint_bytes);
}

TEST_F(DarwinSourceTest, HugeNumbersAreNotKnown) {
  fake_.vm = {16384, INT64_MAX, INT64_MAX, INT64_MAX, 0, INT64_MAX, INT64_MAX};
  fake_.task = {INT64_MAX, INT64_MAX, 0};
  fake_.set_swap_used(UINT64_MAX);
  const MemorySample got = source_.sample();
  EXPECT_GE(got.available_bytes, 0);
  EXPECT_FALSE(got.swap_in_bytes);
  EXPECT_FALSE(got.own_footprint_bytes);
  EXPECT_FALSE(got.swap_used_bytes);
}

TEST_F(DarwinSourceTest, HelpersCountForTheirApplication) {
  const std::string chrome = "/Applications/Google Chrome.app/Contents/";
  const std::string helper = chrome +
      "Frameworks/Google Chrome Framework.framework/Versions/1/Helpers/"
      "Google Chrome Helper (Renderer).app/Contents/MacOS/"
      "Google Chrome Helper (Renderer)";
  fake_.processes = {
      {1, {"/sbin/launchd", 10}},
      {50, {chrome + "MacOS/Google Chrome", 500}},
      {51, {helper, 300}},
      {52, {helper, 200}},
      {60,
       {"/Applications/Docker.app/Contents/MacOS/com.docker.backend",
        std::nullopt}},
      {61,
       {"/System/Library/Frameworks/Virtualization.framework/Versions/A/"
        "XPCServices/com.apple.Virtualization.VirtualMachine.xpc/Contents/"
        "MacOS/com.apple.Virtualization.VirtualMachine",
        4000}},
      {70, {"/Applications/Calculator.app/Contents/MacOS/Calculator", 9}},
      {71, {"", 1}},
      {fake_.own_pid, {"/usr/local/bin/bantam", 7}}};
  const auto apps = source_.sample_with_apps().apps;
  ASSERT_TRUE(apps);
  ASSERT_EQ(apps->size(), 3u);
  EXPECT_EQ((*apps)[0].name, "Apple virtual machine");
  EXPECT_EQ((*apps)[0].bytes, 4000);
  EXPECT_EQ((*apps)[1].name, "Chrome");
  EXPECT_EQ((*apps)[1].bytes, 1000);
  EXPECT_EQ((*apps)[2].name, "Docker Desktop");
  EXPECT_FALSE((*apps)[2].bytes);
}

TEST_F(DarwinSourceTest, DoesNotAllocateInASample) {
  // The fake looks names up by text; only the source's share counts.
  source_.sample();
  const int64_t before = allocation_count();
  for (int i = 0; i < 20; ++i) {
    fake_.now_s += 0.25;
    source_.sample();
  }
  EXPECT_EQ(allocation_count(), before);
}

}  // namespace
}  // namespace bantam
