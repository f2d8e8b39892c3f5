// SPDX-License-Identifier: MIT
#include "machine/power_mode.h"

#include <gtest/gtest.h>

#include "fake_tree.h"

namespace bantam {
namespace {

TEST(PowerMode, Linux) {
  const FakeTree tree;
  const std::string sys = tree.path("sys");
  EXPECT_FALSE(linux_power_mode(sys));
  const std::string cpu = "sys/devices/system/cpu/cpu0/cpufreq/";
  tree.write(cpu + "scaling_governor", "performance\n");
  EXPECT_EQ(linux_power_mode(sys)->text, "governor performance");
  EXPECT_FALSE(linux_power_mode(sys)->saving);
  tree.write(cpu + "scaling_governor", "powersave\n");
  tree.write("sys/class/power_supply/BAT0/status", "Discharging\n");
  EXPECT_EQ(linux_power_mode(sys)->text, "governor powersave, on battery");
  EXPECT_TRUE(linux_power_mode(sys)->saving);
  EXPECT_TRUE(linux_power_mode(sys)->on_battery);
  tree.write(cpu + "scaling_driver", "intel_pstate\n");
  EXPECT_FALSE(linux_power_mode(sys)->saving);
}

// The forms in which pmset prints them.
TEST(PowerMode, MacOs) {
  const auto mode = pmset_power_mode(
      "System-wide power settings:\nCurrently in use:\n"
      " standby              1\n lowpowermode         1\n tcpkeepalive 1\n",
      "Now drawing from 'Battery Power'\n -InternalBattery-0 (id=1)\t80%;\n");
  ASSERT_TRUE(mode);
  EXPECT_TRUE(mode->saving);
  EXPECT_TRUE(mode->on_battery);
  EXPECT_EQ(mode->text, "low power mode, on battery");
  const auto high = pmset_power_mode(
      " powermode            2\n", "Now drawing from 'AC Power'\n");
  ASSERT_TRUE(high);
  EXPECT_EQ(high->text, "high power mode");
  EXPECT_FALSE(high->on_battery);
  EXPECT_EQ(pmset_power_mode(" lowpowermode 0", "")->text, "usual power mode");
  EXPECT_FALSE(pmset_power_mode("", ""));
}

}  // namespace
}  // namespace bantam
