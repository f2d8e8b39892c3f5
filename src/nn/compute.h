// SPDX-License-Identifier: MIT
// Where a model's graph is computed, chosen once when an engine is made.
#pragma once

#include <mlx/mlx.h>

#include <cstddef>
#include <cstdint>
#include <stop_token>
#include <vector>

#include "base/mapped_pages.h"
#include "kernels/matmul.h"
#include "kernels/thread_pool.h"

namespace bantam::nn {

class ExpertResidency;

namespace mx = mlx::core;

/// Two ways to compute the same graph.
enum class KernelPath {
  native,  // our CPU primitives over kernels/; weights stay in mapped files
  stock,   // stock MLX operations: GPU streams, and the CPU to test them
};

/// Scratch that the native primitives of one stream share. They run one at a
/// time, in order, on the stream's thread, so one set is enough; it is sized
/// once, before the first token.
struct Workspace {
  kernels::Activations activations;
  kernels::Activations inner;        // of experts, between their products
  std::vector<float> floats;         // rms_norm and swiglu outputs, roped q/k/v
  std::vector<std::byte> attention;  // kernels::attention_scratch_bytes
};

/// Shared by every block of a model; outlives them. Used by one thread.
struct Compute {
  mx::Stream stream;
  KernelPath path = KernelPath::native;
  /// Activations on the stock path; the native path is always float32.
  mx::Dtype dtype = mx::float32;
  kernels::ThreadPool* pool = nullptr;
  Workspace* workspace = nullptr;
  /// Of the native path; may be null.
  ExpertResidency* residency = nullptr;
  /// The model's files, for rows that are not kept in memory; may be null.
  const MappedPages* pages = nullptr;
  /// Heard between the layers of a long chunk; may be null.
  const std::stop_token* stop = nullptr;
};

/// For describing a model: nothing can be computed with it, and making it
/// does not start MLX.
inline Compute no_compute() {
  return {.stream = mx::Stream(0, mx::Device(mx::Device::cpu))};
}

}  // namespace bantam::nn
