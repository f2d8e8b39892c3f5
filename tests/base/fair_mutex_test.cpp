// SPDX-License-Identifier: MIT
#include "base/fair_mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace bantam {
namespace {

TEST(FairMutex, GoesRound) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 200;
  FairMutex mutex;
  std::vector<int> order;
  std::vector<std::thread> threads;
  {
    // Until all of them wait.
    const std::unique_lock hold(mutex);
    for (int id = 0; id < kThreads; ++id) {
      threads.emplace_back([&, id] {
        for (int i = 0; i < kRounds; ++i) {
          const std::unique_lock turn(mutex);
          order.push_back(id);
          // Nobody comes back before the others are there.
          while (mutex.waiting() < kThreads - 1 && i + 1 < kRounds) {
            std::this_thread::yield();
          }
        }
      });
    }
    while (mutex.waiting() < kThreads) {
      std::this_thread::yield();
    }
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  ASSERT_EQ(order.size(), static_cast<size_t>(kThreads * kRounds));
  for (size_t i = kThreads; i + kThreads < order.size(); ++i) {
    EXPECT_EQ(order[i], order[i - kThreads]) << "at " << i;
  }
}

TEST(FairMutex, CountsWhoWaits) {
  FairMutex mutex;
  EXPECT_EQ(mutex.waiting(), 0);
  mutex.lock();
  EXPECT_EQ(mutex.waiting(), 0);
  std::thread other([&] { const std::unique_lock turn(mutex); });
  while (mutex.waiting() == 0) {
    std::this_thread::yield();
  }
  EXPECT_EQ(mutex.waiting(), 1);
  mutex.unlock();
  other.join();
  EXPECT_EQ(mutex.waiting(), 0);
}

}  // namespace
}  // namespace bantam
