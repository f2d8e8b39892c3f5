// SPDX-License-Identifier: MIT
#include "machine/process_tree.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "../base/temporary_folder.h"
#include "machine/this_machine.h"

namespace bantam {
namespace {

TEST(ProcessTree, GroupAndDescendants) {
  const std::vector<ProcessLinks> processes{
      {1, 0, 1},
      {50, 1, 50},
      {60, 50, 60},  // a child in a group of its own
      {40, 60, 60},  // its child, with a smaller number
      {70, 1, 50},   // of the group, but its parent has gone
      {80, 1, 80}};
  EXPECT_EQ(tree_of(processes, 50), (std::vector<int>{40, 50, 60, 70}));
  EXPECT_EQ(tree_of(processes, 99), std::vector<int>{});
}

TEST(ProcessTree, LinuxFiles) {
  const TemporaryFolder proc;
  const auto process = [&](int id, int parent, int group, const char* status) {
    const std::string name = std::to_string(id);
    proc.write(
        name + "/stat",
        name + " (a) S 1) R " + std::to_string(parent) + " " +
            std::to_string(group) + " 7 0 -1\n");
    proc.write(name + "/status", status);
  };
  process(10, 1, 10, "VmHWM:\t 900 kB\nVmRSS:\t 500 kB\nVmSwap:\t 20 kB\n");
  process(20, 1, 20, "VmHWM:\t 800 kB\nVmRSS:\t 800 kB\nVmSwap:\t 0 kB\n");
  proc.write("meminfo", "MemTotal: 1 kB\n");
  proc.write("30/stat", "30 (cut");
  TreeMemory tree = linux_process_tree(proc.path(), 10);
  EXPECT_EQ(tree.processes, 1);
  EXPECT_EQ(tree.bytes, 520 << 10);
  EXPECT_EQ(tree.swap_bytes, 20 << 10);
  EXPECT_EQ(tree.peak_bytes, 900 << 10);
  process(11, 10, 11, "VmHWM:\t 300 kB\nVmRSS:\t 300 kB\n");
  process(12, 11, 11, "Name:\tzombie\n");  // holds nothing
  tree = linux_process_tree(proc.path(), 10);
  EXPECT_EQ(tree.processes, 2);
  EXPECT_EQ(tree.bytes, 820 << 10);
  EXPECT_EQ(tree.swap_bytes, 20 << 10);
  EXPECT_EQ(tree.peak_bytes, 820 << 10);
}

class FixedSource final : public MemorySource {
 public:
  MemorySample sample() noexcept override {
    return {.own_footprint_bytes = 1000, .own_swap_bytes = 5};
  }
  MemorySample sample_with_apps() override { return sample(); }
};

TEST(ProcessTree, ASourceAddsTheTree) {
  FixedSource machine;
  TreeMemorySource source(machine);
  EXPECT_EQ(source.sample().own_footprint_bytes, 1000);
  EXPECT_EQ(source.peak_bytes(), 0);
  source.watch(::getpid());  // real: it holds some memory
  EXPECT_GT(source.sample().own_footprint_bytes, 1000 + (256 << 10));
  EXPECT_GT(source.peak_bytes(), 256 << 10);
  source.watch(0);
  EXPECT_EQ(source.sample().own_footprint_bytes, 1000);
  EXPECT_EQ(source.sample().own_swap_bytes, 5);
}

}  // namespace
}  // namespace bantam
