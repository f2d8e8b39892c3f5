// SPDX-License-Identifier: MIT
// How fast this machine reads memory: what decoding is made of.
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace bantam::kernels {

/// Bytes per second that the pool's threads read together, the best of the
/// passes over a buffer far larger than the caches that fit into `seconds`.
/// Takes `buffer_bytes` of memory while it runs.
double read_bandwidth(
    ThreadPool& pool,
    double seconds,
    int64_t buffer_bytes = int64_t{256} << 20);

}  // namespace bantam::kernels
