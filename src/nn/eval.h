// SPDX-License-Identifier: MIT
// The only door to MLX's evaluation. MLX throws untyped exceptions, often far
// from their cause; here they become bantam::Error.
#pragma once

#include <span>
#include <vector>

#include "nn/compute.h"

namespace bantam::nn {

/// Computes `arrays`; returns when they are ready. Throws
/// insufficient_memory when MLX cannot allocate, internal otherwise.
void eval(std::vector<mx::array> arrays);

/// Starts computing `arrays` and returns. What fails is thrown by eval(),
/// later.
void start(std::vector<mx::array> arrays);

/// Thrown by end_layer: the run was asked to stop in the middle of a chunk.
/// Caches are then advanced in some layers only and have to be reset.
struct StopRequested {};

/// Computes `x`, a layer's output, before the next layer is issued; nothing
/// for a few tokens. MLX allocates what it issues ahead of the kernels: left
/// alone, a long chunk holds the activations of ten operations at once. It is
/// also where a long chunk hears Compute::stop: throws StopRequested.
void end_layer(mx::array& x, const Compute& compute);

/// Waits until nothing runs on the stream any more. An evaluation that throws
/// leaves tasks behind that use the model, its workspace and its cache: to be
/// called before any of these goes away or is used again.
void settle(const Compute& compute) noexcept;

/// Frees the buffers that MLX keeps for reuse.
void give_back();

/// The float32 values of `x` (evaluated if need be), valid while x lives.
std::span<const float> values(mx::array& x);

/// The value of an int32 array of one element (evaluated if need be).
int32_t integer(mx::array& x);

}  // namespace bantam::nn
