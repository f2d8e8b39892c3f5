// SPDX-License-Identifier: MIT
// What can be said of any machine that runs these tests.
#include "machine/this_machine.h"

#include <gtest/gtest.h>

#include <vector>

#include "allocation_count.h"

namespace bantam {
namespace {

TEST(ThisMachine, HasAProfile) {
  const MachineProfile machine = this_machine();
  EXPECT_GT(machine.system.size(), 3u);
  EXPECT_GE(machine.physical_cores, 1);
  EXPECT_GT(machine.ram_bytes, int64_t{1} << 28);
}

TEST(ThisMachine, TellsHowItFeels) {
  const auto source = make_memory_source("live");
  const MemorySample before = source->sample();
  EXPECT_NE(before.pressure, Pressure::unknown) << source->describe();
  ASSERT_TRUE(before.total_bytes);
  ASSERT_TRUE(before.available_bytes);
  EXPECT_LE(*before.available_bytes, *before.total_bytes);
  EXPECT_EQ(before.total_bytes, this_machine().ram_bytes);
  EXPECT_TRUE(before.swap_used_bytes);
  EXPECT_GE(before.swap_out_bytes, 0);
  EXPECT_GE(before.own_swap_bytes, 0);
  EXPECT_NE(source->describe(), "");

  ASSERT_TRUE(before.own_footprint_bytes);
  const std::vector<char> block(64 << 20, 1);
  ASSERT_EQ(block.back(), 1);
  const MemorySample after = source->sample();
  EXPECT_GE(after.t_s, before.t_s);
  EXPECT_GE(*after.own_footprint_bytes - *before.own_footprint_bytes, 50 << 20);

  const int64_t allocations = allocation_count();
  source->sample();
  EXPECT_EQ(allocation_count(), allocations);
}

TEST(ThisMachine, ListsApplications) {
  const MemorySample sample = make_live_memory_source()->sample_with_apps();
  ASSERT_TRUE(sample.apps);
  for (const AppMemory& app : *sample.apps) {
    EXPECT_NE(app.name, "");
  }
}

}  // namespace
}  // namespace bantam
