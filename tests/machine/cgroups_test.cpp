// SPDX-License-Identifier: MIT
#include "machine/cgroups.h"

#include <gtest/gtest.h>

#include "fake_tree.h"

namespace bantam {
namespace {

std::vector<std::string> folders(
    const FakeTree& tree,
    const std::string& membership) {
  std::vector<std::string> found;
  for (const Cgroup& cgroup : find_cgroups(membership, tree.cgroup())) {
    found.push_back(cgroup.folder.substr(tree.cgroup().size()));
  }
  return found;
}

using Folders = std::vector<std::string>;

TEST(Cgroups, Version2HasEveryAncestorUpToTheRoot) {
  const FakeTree tree;
  tree.write("cgroup/cgroup.controllers", "memory\n");
  tree.write("cgroup/user.slice/job.scope/memory.max", "max\n");
  EXPECT_EQ(
      folders(tree, "0::/user.slice/job.scope\n"),
      (Folders{"/user.slice/job.scope", "/user.slice", ""}));
  EXPECT_EQ(folders(tree, "0::/\n"), Folders{""});
}

TEST(Cgroups, HybridHasBothAndVersion1ByItsController) {
  const FakeTree tree;
  tree.write("cgroup/unified/a/x", "");
  tree.write("cgroup/memory/b/c/x", "");
  EXPECT_EQ(
      folders(
          tree,
          "5:cpu,cpuacct:/z\n4:hugetlb,memory:/b/c\n1:name=systemd:/\n"
          "0::/a\n"),
      (Folders{
          "/unified/a", "/unified", "/memory/b/c", "/memory/b", "/memory"}));
  // No version 2 mounted.
  tree.remove("cgroup/unified");
  EXPECT_EQ(
      folders(tree, "4:memory:/b\n0::/a\n"), (Folders{"/memory/b", "/memory"}));
}

TEST(Cgroups, InAContainerThePartOfThePathThatIsThereCounts) {
  const FakeTree tree;
  tree.write("cgroup/memory/inner/x", "");
  EXPECT_EQ(
      folders(tree, "4:memory:/docker/0123/inner\n"),
      (Folders{"/memory/inner", "/memory"}));
  EXPECT_EQ(folders(tree, "4:memory:/docker/0123\n"), Folders{"/memory"});
  EXPECT_EQ(folders(tree, "4:memory:/../../host\n"), Folders{"/memory"});
}

TEST(Cgroups, OddTextsHaveNone) {
  const FakeTree tree;
  tree.write("cgroup/cgroup.controllers", "");
  EXPECT_EQ(folders(tree, ""), Folders{});
  EXPECT_EQ(folders(tree, "\n::\n0\nx:y\n"), Folders{});
  EXPECT_EQ(folders(tree, "0::/cut/of"), Folders{});
  EXPECT_EQ(folders(tree, "0::\n"), Folders{""});
}

class CgroupMemoryTest : public testing::Test {
 protected:
  CgroupMemory read(const std::string& membership) {
    const auto cgroups = find_cgroups(membership, tree_.cgroup());
    EXPECT_FALSE(cgroups.empty());
    return read_cgroup(cgroups.at(0), reader_);
  }

  FakeTree tree_;
  KernelTextReader reader_;
};

TEST_F(CgroupMemoryTest, Version2) {
  tree_.write("cgroup/cgroup.controllers", "");
  tree_.write("cgroup/j/memory.max", "1000000\n");
  tree_.write("cgroup/j/memory.high", "max\n");
  tree_.write("cgroup/j/memory.current", "900000\n");
  tree_.write(
      "cgroup/j/memory.stat",
      "anon 500000\nfile 400000\ninactive_file 250000\nactive_file 100000\n");
  tree_.write(
      "cgroup/j/memory.events",
      "low 0\nhigh 4\nmax 9\noom 2\noom_kill 1\noom_group_kill 0\n");
  CgroupMemory memory = read("0::/j\n");
  EXPECT_EQ(memory.limit_bytes, 1000000);
  EXPECT_EQ(memory.available_bytes, 1000000 - (900000 - 350000));
  EXPECT_EQ(memory.oom_events, 3);
  tree_.write("cgroup/j/memory.high", "800000\n");
  memory = read("0::/j\n");
  EXPECT_EQ(memory.limit_bytes, 800000);
  EXPECT_EQ(memory.available_bytes, 250000);
  tree_.write("cgroup/j/memory.max", "max\n");
  EXPECT_EQ(read("0::/j\n").limit_bytes, 800000);
}

TEST_F(CgroupMemoryTest, Version1CountsDescendantsAndKnowsNoLimit) {
  tree_.write("cgroup/memory/j/memory.limit_in_bytes", "1000000\n");
  tree_.write("cgroup/memory/j/memory.usage_in_bytes", "600000\n");
  tree_.write(
      "cgroup/memory/j/memory.stat",
      "inactive_file 1\nactive_file 2\n"
      "total_inactive_file 100000\ntotal_active_file 50000\n");
  tree_.write(
      "cgroup/memory/j/memory.oom_control",
      "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n");
  CgroupMemory memory = read("4:memory:/j\n");
  EXPECT_EQ(memory.limit_bytes, 1000000);
  EXPECT_EQ(memory.available_bytes, 550000);
  EXPECT_EQ(memory.oom_events, 5);
  tree_.write("cgroup/memory/j/memory.limit_in_bytes", "9223372036854771712\n");
  memory = read("4:memory:/j\n");
  EXPECT_FALSE(memory.limit_bytes);
  EXPECT_FALSE(memory.available_bytes);
}

TEST_F(CgroupMemoryTest, WithoutUsageThereIsALimitButNoRoom) {
  tree_.write("cgroup/cgroup.controllers", "");
  tree_.write("cgroup/j/memory.max", "1000000\n");
  const CgroupMemory memory = read("0::/j\n");
  EXPECT_EQ(memory.limit_bytes, 1000000);
  EXPECT_FALSE(memory.available_bytes);
  EXPECT_FALSE(memory.oom_events);
}

TEST_F(CgroupMemoryTest, NumbersThatDoNotFitTogetherStayInBounds) {
  tree_.write("cgroup/cgroup.controllers", "");
  tree_.write("cgroup/j/memory.max", "1000\n");
  tree_.write("cgroup/j/memory.current", "5000\n");
  EXPECT_EQ(read("0::/j\n").available_bytes, 0);
  const std::string most = "9223372036854775807\n";
  tree_.write(
      "cgroup/j/memory.stat", "inactive_file " + most + "active_file " + most);
  tree_.write("cgroup/j/memory.events", "oom " + most + "oom_kill " + most);
  const CgroupMemory memory = read("0::/j\n");
  EXPECT_EQ(memory.available_bytes, 1000);
  EXPECT_EQ(memory.oom_events, INT64_MAX);
  tree_.write("cgroup/j/memory.max", "10");  // cut off
  EXPECT_FALSE(read("0::/j\n").limit_bytes);
}

TEST(Cgroups, AnAncestorsOwnLimitCountsNotItsOtherChildren) {
  const FakeTree tree;
  tree.write("cgroup/cgroup.controllers", "");
  tree.write("cgroup/p/j/memory.events", "oom 1\noom_kill 1\n");
  tree.write("cgroup/p/j/memory.events.local", "oom 0\noom_kill 1\n");
  tree.write("cgroup/p/memory.events", "oom 7\noom_kill 7\n");
  tree.write("cgroup/p/memory.events.local", "oom 0\noom_kill 0\n");
  KernelTextReader reader;
  const auto cgroups = find_cgroups("0::/p/j\n", tree.cgroup());
  ASSERT_EQ(cgroups.size(), 3u);
  EXPECT_EQ(read_cgroup(cgroups[0], reader).oom_events, 2);
  EXPECT_EQ(read_cgroup(cgroups[1], reader).oom_events, 0);
}

}  // namespace
}  // namespace bantam
