// SPDX-License-Identifier: MIT
#include "kernels/bandwidth.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>

namespace bantam::kernels {

namespace {

using Clock = std::chrono::steady_clock;

// Eight sums at a time: enough loads in flight to keep the bus busy, in a
// form that compilers turn into vector instructions.
uint64_t sum_of(const uint64_t* words, int64_t count) {
  uint64_t sums[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int lane = 0; lane < 8; ++lane) {
      sums[lane] += words[i + lane];
    }
  }
  uint64_t sum = 0;
  for (; i < count; ++i) {
    sum += words[i];
  }
  for (const uint64_t lane : sums) {
    sum += lane;
  }
  return sum;
}

}  // namespace

double read_bandwidth(ThreadPool& pool, double seconds, int64_t buffer_bytes) {
  const int64_t words =
      std::max<int64_t>(1, buffer_bytes / int64_t{sizeof(uint64_t)});
  const auto buffer = std::make_unique_for_overwrite<uint64_t[]>(words);
  constexpr int64_t kPiece = 1 << 17;  // a mebibyte
  // Written once, so that every page is there.
  pool.parallel_for(words, kPiece, [&](int64_t begin, int64_t end) {
    std::fill(buffer.get() + begin, buffer.get() + end, uint64_t{1});
  });
  std::atomic<uint64_t> keep = 0;
  double best = 0;
  const auto start = Clock::now();
  const auto elapsed = [](Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
  };
  do {
    const auto begin_pass = Clock::now();
    pool.parallel_for(words, kPiece, [&](int64_t begin, int64_t end) {
      keep += sum_of(buffer.get() + begin, end - begin);
    });
    const double took = elapsed(begin_pass);
    const auto bytes = static_cast<double>(words) * sizeof(uint64_t);
    best = std::max(best, took > 0 ? bytes / took : 0);
  } while (elapsed(start) < seconds);
  return keep > 0 ? best : 0;
}

}  // namespace bantam::kernels
