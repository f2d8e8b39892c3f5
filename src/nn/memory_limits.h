// SPDX-License-Identifier: MIT
// MLX's three limits, which left alone reach far past what a machine has.
#pragma once

#include <cstdint>
#include <optional>

#include "nn/compute.h"

namespace bantam::nn {

struct MemoryLimits {
  int64_t allocated_bytes = 0;  // MLX waits for running work above it
  int64_t cached_bytes = 0;     // freed buffers that are kept for reuse
  int64_t wired_bytes = 0;      // on a Metal GPU: kept resident
};

/// What the GPU's system recommends to hold at once; nullopt: it does not say.
std::optional<int64_t> recommended_gpu_bytes();

/// Sets them for the whole process. Wired memory never exceeds what the device
/// recommends, where MLX would throw.
void set_memory_limits(const MemoryLimits& limits, mx::Device device);

}  // namespace bantam::nn
