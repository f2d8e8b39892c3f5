// SPDX-License-Identifier: MIT
#include "machine/linux_processes.h"

#include <gtest/gtest.h>

#include "fake_tree.h"

namespace bantam {
namespace {

class LinuxProcessesTest : public testing::Test {
 protected:
  LinuxProcessesTest() { tree_.link("proc/self", "400"); }

  void process(
      const std::string& id,
      const std::string& executable,
      const std::string& name) {
    tree_.link("proc/" + id + "/exe", executable);
    tree_.write("proc/" + id + "/comm", name + "\n");
  }

  FakeTree tree_;
};

TEST_F(LinuxProcessesTest, TakesTheShareWhereItMayAndElseWhatIsResident) {
  process("100", "/opt/google/chrome/chrome", "chrome");
  tree_.write(
      "proc/100/smaps_rollup",
      "00400000-7ff0 ---p\nRss: 900 kB\nPss: 500 kB\n");
  tree_.write("proc/100/status", "State:\tS (sleeping)\nVmRSS:\t900 kB\n");
  process("101", "/opt/google/chrome/chrome (deleted)", "chrome");
  tree_.write("proc/101/status", "State:\tS (sleeping)\nVmRSS:\t300 kB\n");
  process("200", "/usr/bin/bash", "bash");
  const auto apps = linux_heavy_apps(tree_.proc());
  ASSERT_TRUE(apps);
  ASSERT_EQ(apps->size(), 1u);
  EXPECT_EQ(apps->at(0).name, "Chrome");
  EXPECT_EQ(apps->at(0).bytes, 800 * 1024);
}

TEST_F(LinuxProcessesTest, AHiddenExecutableIsKnownByItsNameAndItsSizeIsNot) {
  tree_.write("proc/300/comm", "slack\n");
  const auto apps = linux_heavy_apps(tree_.proc());
  ASSERT_TRUE(apps);
  ASSERT_EQ(apps->size(), 1u);
  EXPECT_EQ(apps->at(0).name, "Slack");
  EXPECT_FALSE(apps->at(0).bytes);
}

TEST_F(LinuxProcessesTest, LeavesOutItselfTheDeadAndWhatIsNoProcess) {
  process("400", "/usr/local/bin/bantam", "bantam");
  tree_.write("proc/400/status", "VmRSS:\t300 kB\n");
  process("401", "/usr/bin/zoom", "zoom");
  tree_.write("proc/401/status", "State:\tZ (zombie)\n");
  tree_.write("proc/12x/comm", "slack\n");
  tree_.write("proc/sys/comm", "slack\n");
  const auto apps = linux_heavy_apps(tree_.proc());
  ASSERT_TRUE(apps);
  EXPECT_TRUE(apps->empty());
}

TEST_F(LinuxProcessesTest, NoListIsNotAnEmptyList) {
  EXPECT_FALSE(linux_heavy_apps(tree_.path("absent")));
}

}  // namespace
}  // namespace bantam
