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

/// The float32 values of `x` (evaluated if need be), valid while x lives.
std::span<const float> values(mx::array& x);

}  // namespace bantam::nn
