// SPDX-License-Identifier: MIT
// Runs the body of a GPU kernel on the CPU: a thread of the system for each
// thread of a block, one block after the other. Slow, and enough to check what
// a body computes.
#pragma once

#include <cmath>
#include <functional>

namespace bantam::gpu {

/// Who the calling thread is.
struct Place {
  int block_x = 0;
  int block_y = 0;
  int thread = 0;
};
const Place& place();

/// Waits for the other threads of the block.
void sync();

/// The sum of every thread's value over the warp, the same for all.
float warp_sum(float value);

/// Runs `body` for each thread of each block.
void launch(
    int blocks_x,
    int blocks_y,
    int threads,
    const std::function<void()>& body);

}  // namespace bantam::gpu

// The words of src/nn/gpu_kernel.cpp. A block's shared array is a static one,
// since blocks run one by one.
#define BLOCK(axis) ::bantam::gpu::place().block_##axis
#define THREAD ::bantam::gpu::place().thread
#define SHARED static
#define SYNC() ::bantam::gpu::sync()
#define WARP_SUM(value) ::bantam::gpu::warp_sum(value)
#define EXP(value) std::exp(value)
#define LOG1P(value) std::log1p(value)
#define RSQRT(value) (1.0f / std::sqrt(value))
#define ABS(value) std::fabs(value)
#define SINCOS(angle, s, c) \
  s = std::sin(angle);      \
  c = std::cos(angle)
#define GPU_KERNEL(...) __VA_ARGS__
