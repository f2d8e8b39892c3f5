// SPDX-License-Identifier: MIT
// An MLX primitive whose body is a function over plain pointers: how kernels/
// becomes part of an MLX graph.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "nn/compute.h"

namespace bantam::nn {

/// Called on the stream's thread once all inputs are computed. Inputs are
/// dense, row-major; `out` is allocated. Must not throw.
using CpuBody =
    std::function<void(std::span<const mx::array> inputs, mx::array& out)>;

/// The lazy result of `body`. The body may have effects beyond `out` (it may
/// append to a cache), so it runs exactly once and is never merged with
/// another; the caller keeps alive whatever it captures by reference.
mx::array cpu_primitive(
    const char* name,
    mx::Shape shape,
    mx::Dtype dtype,
    std::vector<mx::array> inputs,
    const Compute& compute,
    CpuBody body);

}  // namespace bantam::nn
