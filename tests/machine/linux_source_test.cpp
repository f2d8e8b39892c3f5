// SPDX-License-Identifier: MIT
#include "machine/linux_source.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "allocation_count.h"
#include "fake_tree.h"

namespace bantam {
namespace {

const int64_t kPage = ::sysconf(_SC_PAGESIZE);

class LinuxSourceTest : public testing::Test {
 protected:
  // A calm machine with 16 GB, of which half is available, and PSI.
  LinuxSourceTest() {
    meminfo(16'000'000, 8'000'000);
    tree_.write("proc/vmstat", vmstat(0));
    tree_.write(
        "proc/self/status",
        "Name:\tbantam\nVmRSS:\t  150000 kB\nVmSwap:\t    2000 kB\n");
    tree_.write("proc/self/cgroup", "0::/\n");
    stall("proc/pressure/memory", 0, 0);
  }

  void meminfo(int64_t total, int64_t available) {
    tree_.write(
        "proc/meminfo",
        fmt::format(
            "MemTotal: {} kB\nMemFree: 5 kB\nMemAvailable: {} kB\n"
            "SwapCached: 0 kB\nSwapTotal: 1000 kB\nSwapFree: 400 kB\n",
            total,
            available));
  }
  static std::string vmstat(int64_t refaults) {
    return fmt::format(
        "workingset_refault_anon 9\nworkingset_refault_file {}\n"
        "pswpin 30\npswpout 40\n",
        refaults);
  }
  void stall(const std::string& file, int64_t some_us, int64_t full_us) {
    tree_.write(
        file,
        fmt::format(
            "some avg10=0.00 avg60=0.00 avg300=0.00 total={}\n"
            "full avg10=0.00 avg60=0.00 avg300=0.00 total={}\n",
            some_us,
            full_us));
  }

  MemorySample sample() { return source_.sample(); }
  // Samples for `seconds`, with `change(seconds since now)` before each.
  template <typename Change>
  MemorySample run(double seconds, Change change) {
    const double begin_s = now_s_;
    MemorySample last;
    while (now_s_ < begin_s + seconds) {
      now_s_ += 0.25;
      change(now_s_ - begin_s);
      last = sample();
    }
    return last;
  }

  FakeTree tree_;
  double now_s_ = 1000;
  int64_t some_us_ = 0;
  int64_t full_us_ = 0;
  int64_t refaults_ = 0;
  LinuxMemorySource source_{tree_.proc(), tree_.cgroup(), [this] {
                              return now_s_;
                            }};
};

TEST_F(LinuxSourceTest, ReadsEveryField) {
  const MemorySample got = sample();
  EXPECT_EQ(got.t_s, 1000);
  EXPECT_EQ(got.pressure, Pressure::green);
  EXPECT_EQ(got.total_bytes, 16'384'000'000);
  EXPECT_EQ(got.available_bytes, 8'192'000'000);
  EXPECT_EQ(got.swap_used_bytes, 600 * 1024);
  EXPECT_EQ(got.swap_in_bytes, 30 * kPage);
  EXPECT_EQ(got.swap_out_bytes, 40 * kPage);
  EXPECT_EQ(got.own_footprint_bytes, 152'000 * 1024);
  EXPECT_EQ(got.own_swap_bytes, 2000 * 1024);
  EXPECT_FALSE(got.apps);
}

TEST_F(LinuxSourceTest, NothingReadableIsUnknownNotGreen) {
  tree_.remove("proc");
  const MemorySample got = sample();
  EXPECT_EQ(got.pressure, Pressure::unknown);
  EXPECT_FALSE(got.total_bytes);
  EXPECT_FALSE(got.available_bytes);
  EXPECT_FALSE(got.swap_used_bytes);
  EXPECT_FALSE(got.swap_in_bytes);
  EXPECT_FALSE(got.own_footprint_bytes);
  EXPECT_FALSE(source_.sample_with_apps().apps);
}

TEST_F(LinuxSourceTest, EveryFileMayBeCutAnywhere) {
  tree_.write("cgroup/cgroup.controllers", "memory\n");
  tree_.write("cgroup/j/memory.max", "900000000\n");
  tree_.write("cgroup/j/memory.current", "100000000\n");
  tree_.write("cgroup/j/memory.stat", "inactive_file 5\nactive_file 5\n");
  tree_.write("cgroup/j/memory.events", "oom 0\noom_kill 0\n");
  stall("cgroup/j/memory.pressure", 0, 0);
  tree_.write("proc/self/cgroup", "0::/j\n");
  const MemorySample whole = sample();
  ASSERT_EQ(whole.total_bytes, 900000000);
  for (const char* file :
       {"proc/meminfo",
        "proc/vmstat",
        "proc/self/status",
        "proc/self/cgroup",
        "proc/pressure/memory",
        "cgroup/j/memory.max",
        "cgroup/j/memory.current",
        "cgroup/j/memory.stat",
        "cgroup/j/memory.events",
        "cgroup/j/memory.pressure"}) {
    KernelTextReader reader;
    const std::string text(reader.read(tree_.path(file)));
    ASSERT_FALSE(text.empty()) << file;
    for (size_t size = 0; size < text.size(); ++size) {
      tree_.write(file, text.substr(0, size));
      now_s_ += 0.25;
      const MemorySample got = sample();
      // A number is right or not there; the colour never invents trouble.
      EXPECT_NE(got.pressure, Pressure::yellow) << file << " " << size;
      EXPECT_NE(got.pressure, Pressure::red) << file << " " << size;
      for (const auto member :
           {&MemorySample::swap_used_bytes,
            &MemorySample::swap_in_bytes,
            &MemorySample::swap_out_bytes,
            &MemorySample::own_swap_bytes}) {
        if (got.*member) {
          EXPECT_EQ(got.*member, whole.*member) << file << " " << size;
        }
      }
    }
    tree_.write(file, text);
  }
}

TEST_F(LinuxSourceTest, GarbageAndHugeNumbersAreNotKnown) {
  const std::string most = "18446744073709551615";
  tree_.write(
      "proc/meminfo",
      "MemTotal: " + most +
          " kB\nMemAvailable: -1 kB\nSwapTotal: 1 kB\n"
          "SwapFree: 2 kB\n");
  tree_.write("proc/vmstat", "pswpin 9223372036854775807\npswpout x\n");
  tree_.write("proc/self/status", std::string("\0\xff\n:::\nVmRSS", 13));
  tree_.write("proc/pressure/memory", "some avg10=nan total=" + most + "\n");
  const MemorySample got = sample();
  EXPECT_EQ(got.pressure, Pressure::unknown);
  EXPECT_FALSE(got.total_bytes);
  EXPECT_FALSE(got.available_bytes);
  EXPECT_FALSE(got.swap_used_bytes);
  EXPECT_FALSE(got.swap_in_bytes);
  EXPECT_FALSE(got.swap_out_bytes);
  EXPECT_FALSE(got.own_footprint_bytes);
}

TEST_F(LinuxSourceTest, StallsOfTheLastTwoSecondsGiveTheColour) {
  sample();
  const auto share = [&](double some, double full) {
    const int64_t some_us = some_us_;
    const int64_t full_us = full_us_;
    const MemorySample last = run(2.5, [&](double t) {
      some_us_ = some_us + static_cast<int64_t>(some * t * 1e6);
      full_us_ = full_us + static_cast<int64_t>(full * t * 1e6);
      stall("proc/pressure/memory", some_us_, full_us_);
    });
    return last.pressure;
  };
  EXPECT_EQ(share(0.05, 0.01), Pressure::green);
  EXPECT_EQ(share(0.15, 0.05), Pressure::yellow);
  EXPECT_EQ(share(0.50, 0.05), Pressure::red);
  EXPECT_EQ(share(0.30, 0.30), Pressure::red);
  EXPECT_EQ(share(0, 0), Pressure::green);
}

TEST_F(LinuxSourceTest, BeforeAWindowTheKernelsAverageCounts) {
  tree_.write(
      "proc/pressure/memory",
      "some avg10=12.34 avg60=0.00 avg300=0.00 total=5\n"
      "full avg10=3.00 avg60=0.00 avg300=0.00 total=5\n");
  EXPECT_EQ(sample().pressure, Pressure::yellow);
  // The average lags; two calm seconds of our own overrule it.
  EXPECT_EQ(run(2, [](double) {}).pressure, Pressure::green);
}

TEST_F(LinuxSourceTest, WithoutPsiAvailabilityGivesTheColourAndItSaysSo) {
  tree_.remove("proc/pressure");
  EXPECT_EQ(sample().pressure, Pressure::green);
  EXPECT_NE(source_.describe().find("without PSI"), std::string::npos);
  meminfo(16'000'000, 1'000'000);
  EXPECT_EQ(sample().pressure, Pressure::yellow);
  meminfo(16'000'000, 500'000);
  EXPECT_EQ(sample().pressure, Pressure::red);
  stall("proc/pressure/memory", 0, 0);
  sample();
  EXPECT_NE(source_.describe().find("PSI (1 files)"), std::string::npos);
}

TEST_F(LinuxSourceTest, ThrashingMappedFilesAreSeenWithoutPsi) {
  tree_.remove("proc/pressure");
  sample();
  const auto read_again = [&](double bytes_per_s) {
    return run(2.5, [&](double t) {
      const double bytes = bytes_per_s * t;
      tree_.write(
          "proc/vmstat",
          vmstat(refaults_ + static_cast<int64_t>(bytes) / kPage));
    });
  };
  EXPECT_EQ(read_again(80e6).pressure, Pressure::green);
  refaults_ += 1'000'000;
  run(0.25, [&](double) { tree_.write("proc/vmstat", vmstat(refaults_)); });
  run(3, [](double) {});
  EXPECT_EQ(read_again(120e6).pressure, Pressure::yellow);
}

TEST_F(LinuxSourceTest, TheTightestAncestorCountsInVersion2) {
  tree_.write("cgroup/cgroup.controllers", "memory\n");
  tree_.write("proc/self/cgroup", "0::/a/b\n");
  tree_.write("cgroup/a/memory.max", "2000000000\n");
  tree_.write("cgroup/a/memory.current", "1900000000\n");
  tree_.write(
      "cgroup/a/memory.stat", "inactive_file 50000000\nactive_file 1000\n");
  tree_.write("cgroup/a/b/memory.max", "1000000000\n");
  tree_.write("cgroup/a/b/memory.current", "300000000\n");
  const MemorySample got = sample();
  EXPECT_EQ(got.total_bytes, 1'000'000'000);
  EXPECT_EQ(got.available_bytes, 150'001'000);
  EXPECT_NE(source_.describe().find("/a/b"), std::string::npos);
}

TEST_F(LinuxSourceTest, Version1AndHybridCountToo) {
  tree_.write("proc/self/cgroup", "4:memory:/j\n0::/u\n");
  tree_.write("cgroup/memory/j/memory.limit_in_bytes", "500000000\n");
  tree_.write("cgroup/memory/j/memory.usage_in_bytes", "100000000\n");
  tree_.write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  tree_.write("cgroup/memory/memory.usage_in_bytes", "15000000000\n");
  MemorySample got = sample();
  EXPECT_EQ(got.total_bytes, 500'000'000);
  EXPECT_EQ(got.available_bytes, 400'000'000);
  // In hybrid setups the stalls come from version 2.
  stall("cgroup/unified/u/memory.pressure", 0, 0);
  tree_.write("proc/self/cgroup", "4:memory:/j\n0::/u\n\n");
  sample();
  got = run(2.5, [&](double t) {
    stall(
        "cgroup/unified/u/memory.pressure",
        static_cast<int64_t>(t * 0.2 * 1e6),
        0);
  });
  EXPECT_EQ(got.pressure, Pressure::yellow);
}

TEST_F(LinuxSourceTest, MovingTheProcessChangesItsLimits) {
  tree_.write("cgroup/cgroup.controllers", "memory\n");
  tree_.write("cgroup/j/memory.max", "700000000\n");
  EXPECT_EQ(sample().total_bytes, 16'384'000'000);
  tree_.write("proc/self/cgroup", "0::/j\n");
  EXPECT_EQ(sample().total_bytes, 700'000'000);
  tree_.write("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(sample().total_bytes, 16'384'000'000);
}

TEST_F(LinuxSourceTest, AnOutOfMemoryKillIsRedForTwoSeconds) {
  tree_.write("cgroup/cgroup.controllers", "memory\n");
  tree_.write("cgroup/j/memory.events", "oom 3\noom_kill 3\n");
  tree_.write("proc/self/cgroup", "0::/j\n");
  EXPECT_EQ(sample().pressure, Pressure::green) << "of the time before";
  tree_.write("cgroup/j/memory.events", "oom 4\noom_kill 3\n");
  EXPECT_EQ(run(0.25, [](double) {}).pressure, Pressure::red);
  EXPECT_EQ(sample().pressure, Pressure::red) << "still, when read again";
  EXPECT_EQ(run(3, [](double) {}).pressure, Pressure::green);
}

TEST_F(LinuxSourceTest, DoesNotAllocateAfterTheFirstSample) {
  tree_.write("cgroup/cgroup.controllers", "memory\n");
  tree_.write("cgroup/a/b/memory.max", "900000000\n");
  tree_.write("cgroup/a/b/memory.current", "100000000\n");
  stall("cgroup/a/b/memory.pressure", 0, 0);
  tree_.write("proc/self/cgroup", "0::/a/b\n");
  sample();
  const int64_t before = allocation_count();
  for (int i = 0; i < 100; ++i) {
    now_s_ += 0.25;
    sample();
  }
  EXPECT_EQ(allocation_count(), before);
}

}  // namespace
}  // namespace bantam
