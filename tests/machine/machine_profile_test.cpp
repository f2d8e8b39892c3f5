// SPDX-License-Identifier: MIT
#include "machine/machine_profile.h"
#include "base/size.h"

#include <gtest/gtest.h>

#include "fake_darwin.h"
#include "fake_tree.h"

namespace bantam {
namespace {

TEST(MachineProfile, OfALinuxMachine) {
  const FakeTree tree;
  tree.write("proc/sys/kernel/osrelease", "6.18.5-amd64\n");
  tree.write("proc/meminfo", "MemTotal: 16777216 kB\n");
  tree.write("proc/self/cgroup", "0::/a/b\n");
  std::string cpuinfo;
  // Two packages of two cores of two threads.
  for (int i = 0; i < 8; ++i) {
    cpuinfo += "processor\t: " + std::to_string(i) +
        "\nmodel name\t: Some CPU: fast @ 3 GHz\nphysical id\t: " +
        std::to_string(i / 4) + "\ncore id\t\t: " + std::to_string(i % 2) +
        "\npower management:\n\n";
  }
  tree.write("proc/cpuinfo", cpuinfo);
  MachineProfile machine = linux_machine(tree.proc(), tree.cgroup());
  EXPECT_EQ(machine.system, "Linux 6.18.5-amd64");
  EXPECT_EQ(machine.processor, "Some CPU: fast @ 3 GHz");
  EXPECT_EQ(machine.physical_cores, 4);
  EXPECT_EQ(machine.ram_bytes, 16 * kGiB);
  EXPECT_EQ(machine.limited_by, "");
  EXPECT_FALSE(machine.gpu_working_set);
  tree.write("cgroup/cgroup.controllers", "");
  tree.write("cgroup/a/memory.max", "4294967296\n");
  tree.write("cgroup/a/b/memory.max", "8589934592\n");
  machine = linux_machine(tree.proc(), tree.cgroup());
  EXPECT_EQ(machine.ram_bytes, 4 * kGiB);
  EXPECT_EQ(machine.limited_by, tree.path("cgroup/a"));
}

TEST(MachineProfile, ArmCoresHaveNoCoreIds) {
  const FakeTree tree;
  tree.write(
      "proc/cpuinfo",
      "processor\t: 0\nBogoMIPS\t: 50.00\n\nprocessor\t: 1\n\n"
      "processor\t: 2\n: odd\nodd\n");
  const MachineProfile machine = linux_machine(tree.proc(), tree.cgroup());
  EXPECT_EQ(machine.physical_cores, 3);
  EXPECT_EQ(machine.processor, "");
  EXPECT_EQ(machine.system, "Linux");
  EXPECT_FALSE(machine.ram_bytes);
}

TEST(MachineProfile, OfAMac) {
  FakeDarwin fake;
  fake.set_text("kern.osproductversion", "15.3.1");
  fake.set_text("machdep.cpu.brand_string", "Apple M4");
  fake.set_number("hw.physicalcpu", 10);
  fake.set_number("iogpu.wired_limit_mb", 0);
  MachineProfile machine = darwin_machine(fake.system());
  EXPECT_EQ(machine.system, "macOS 15.3.1");
  EXPECT_EQ(machine.processor, "Apple M4");
  EXPECT_EQ(machine.physical_cores, 10);
  EXPECT_EQ(machine.ram_bytes, 16 * kGiB);
  ASSERT_TRUE(machine.gpu_working_set);
  EXPECT_TRUE(machine.gpu_working_set->approximate);
  fake.set_number("iogpu.wired_limit_mb", 14336);
  machine = darwin_machine(fake.system());
  EXPECT_EQ(machine.gpu_working_set->bytes, 14 * kGiB);
  EXPECT_FALSE(machine.gpu_working_set->approximate);
  fake.sysctls.clear();
  machine = darwin_machine(fake.system());
  EXPECT_EQ(machine.system, "macOS");
  EXPECT_FALSE(machine.ram_bytes);
  EXPECT_FALSE(machine.gpu_working_set);
}

// What Macs of these sizes were seen to report, in MiB.
TEST(MachineProfile, TheUsualWorkingSetIsNoMoreThanWhatMacsReport) {
  const auto mebibytes = [](int64_t gibibytes) {
    return apple_working_set(gibibytes * kGiB).bytes >> 20;
  };
  EXPECT_EQ(mebibytes(16), 10922);
  EXPECT_EQ(mebibytes(32), 21845);
  EXPECT_EQ(mebibytes(64), 49152);
  EXPECT_EQ(mebibytes(96), 73728);
  EXPECT_LE(mebibytes(128), 110100);
  EXPECT_EQ(apple_working_set(0).bytes, 0);
  EXPECT_GT(apple_working_set(INT64_MAX).bytes, 0);
  EXPECT_NE(apple_working_set(kGiB).source, "");
}

}  // namespace
}  // namespace bantam
