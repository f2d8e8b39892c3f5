// SPDX-License-Identifier: MIT
#include "gpu_emulator.h"

#include <barrier>
#include <memory>
#include <thread>
#include <vector>

namespace bantam::gpu {

namespace {

constexpr int kWarp = 32;

struct Block {
  explicit Block(int threads) : all(threads), values(threads) {
    for (int first = 0; first < threads; first += kWarp) {
      warps.push_back(
          std::make_unique<std::barrier<>>(std::min(kWarp, threads - first)));
    }
  }

  std::barrier<> all;
  std::vector<std::unique_ptr<std::barrier<>>> warps;
  std::vector<float> values;
};

thread_local Place this_place;
thread_local Block* this_block = nullptr;

}  // namespace

const Place& place() {
  return this_place;
}

void sync() {
  this_block->all.arrive_and_wait();
}

float warp_sum(float value) {
  const int warp = this_place.thread / kWarp;
  const int lane = this_place.thread % kWarp;
  std::barrier<>& barrier = *this_block->warps[warp];
  float* values = this_block->values.data() + warp * kWarp;
  // A butterfly, as the GPU does it.
  for (int step = kWarp / 2; step > 0; step /= 2) {
    values[lane] = value;
    barrier.arrive_and_wait();
    value += values[lane ^ step];
    barrier.arrive_and_wait();
  }
  return value;
}

void launch(
    int blocks_x,
    int blocks_y,
    int threads,
    const std::function<void()>& body) {
  for (int y = 0; y < blocks_y; ++y) {
    for (int x = 0; x < blocks_x; ++x) {
      Block block(threads);
      std::vector<std::jthread> running;
      for (int thread = 0; thread < threads; ++thread) {
        running.emplace_back([&, x, y, thread] {
          this_place = {x, y, thread};
          this_block = &block;
          body();
        });
      }
    }
  }
}

}  // namespace bantam::gpu
