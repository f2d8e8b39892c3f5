// SPDX-License-Identifier: MIT
#include "kernels/thread_pool.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <set>
#include <thread>
#include <vector>

namespace bantam::kernels {
namespace {

TEST(ThreadPool, CoversEveryIndexOnceInWholeGrains) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int64_t count : {0, 1, 2, 7, 64, 1000}) {
      for (const int64_t grain : {0, 1, 3, 16, 2000}) {
        std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
        std::atomic<bool> aligned{true};
        pool.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
          if (begin % std::max<int64_t>(grain, 1) != 0 || begin >= end ||
              end > count) {
            aligned = false;
          }
          for (int64_t i = begin; i < end; ++i) {
            seen[static_cast<size_t>(i)].fetch_add(1);
          }
        });
        EXPECT_TRUE(aligned);
        for (const auto& times : seen) {
          ASSERT_EQ(times.load(), 1);
        }
      }
    }
  }
}

// Plain memory written by one loop is read by the next: the join orders them.
TEST(ThreadPool, LoopsSeeEachOthersWrites) {
  ThreadPool pool(3);
  std::vector<int64_t> values(257, 0);
  for (int round = 1; round <= 3000; ++round) {
    pool.parallel_for(257, 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        values[static_cast<size_t>(i)] += i;
      }
    });
    pool.parallel_for(257, 8, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        values[static_cast<size_t>(i)] += values[static_cast<size_t>(i)] >= 0;
      }
    });
    if (round % 500 == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));  // park
    }
  }
  for (int64_t i = 0; i < 257; ++i) {
    EXPECT_EQ(values[static_cast<size_t>(i)], 3000 * (i + 1));
  }
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
        static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Workers spin for 50 us after a loop and then sleep: three that went on would
// take 900 ms here.
TEST(ThreadPool, IdleWorkersUseNoProcessor) {
  ThreadPool pool(4);
  for (int round = 0; round < 3; ++round) {
    pool.parallel_for(64, 1, [](int64_t, int64_t) {});
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    const double before = cpu_seconds();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_LT(cpu_seconds() - before, 0.015);
  }
}

TEST(ThreadPool, SleepingWorkersWakeUp) {
  ThreadPool pool(2);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    // Each half waits for the other, so both threads must take part.
    std::atomic<int> inside{0};
    pool.parallel_for(2, 1, [&](int64_t begin, int64_t end) {
      ASSERT_EQ(end, begin + 1);
      inside.fetch_add(1);
      while (inside.load() < 2) {
        std::this_thread::yield();
      }
    });
  }
}

TEST(ThreadPool, ScratchIsAlignedAndEachThreadsOwn) {
  ThreadPool pool(2);
  pool.reserve_scratch(1000);
  pool.reserve_scratch(10);  // never shrinks
  std::set<std::byte*> seen;
  std::byte* own[2] = {};
  std::atomic<int> inside{0};
  pool.parallel_for(2, 1, [&](int64_t begin, int64_t) {
    std::byte* scratch = pool.scratch();
    std::fill_n(scratch, 1000, static_cast<std::byte>(begin));
    own[begin] = scratch;
    inside.fetch_add(1);
    while (inside.load() < 2) {
      std::this_thread::yield();
    }
  });
  EXPECT_NE(own[0], own[1]);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(own[0]) % 64, 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(own[1]) % 64, 0u);
}

TEST(ThreadPool, StartsAndStopsAtAnyMoment) {
  for (int round = 0; round < 50; ++round) {
    ThreadPool pool(3);
    if (round % 2 == 0) {
      pool.parallel_for(10, 1, [](int64_t, int64_t) {});
    }
  }
}

TEST(ThreadPool, DefaultsToThePhysicalCores) {
  EXPECT_GE(physical_cores(), 1);
  EXPECT_LE(
      physical_cores(), static_cast<int>(std::thread::hardware_concurrency()));
  EXPECT_EQ(ThreadPool(0).threads(), physical_cores());
}

}  // namespace
}  // namespace bantam::kernels
