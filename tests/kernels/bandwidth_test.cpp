// SPDX-License-Identifier: MIT
#include "kernels/bandwidth.h"

#include <gtest/gtest.h>

#include <chrono>

namespace bantam::kernels {
namespace {

TEST(Bandwidth, IsThatOfAComputer) {
  ThreadPool pool(2);
  const double bytes_per_second = read_bandwidth(pool, 0.05, 32 << 20);
  EXPECT_GT(bytes_per_second, 1e8);
  EXPECT_LT(bytes_per_second, 1e14);
}

TEST(Bandwidth, StopsInTime) {
  ThreadPool pool(1);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_GT(read_bandwidth(pool, 0.1, 1 << 20), 0);
  const std::chrono::duration<double> took =
      std::chrono::steady_clock::now() - start;
  EXPECT_GE(took.count(), 0.1);
  EXPECT_LT(took.count(), 5);
  EXPECT_GT(read_bandwidth(pool, 0, 0), 0);  // one pass, one word
}

}  // namespace
}  // namespace bantam::kernels
