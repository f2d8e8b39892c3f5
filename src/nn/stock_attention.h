// SPDX-License-Identifier: MIT
#pragma once

#include "nn/attention.h"

namespace bantam::nn {

/// attend() with stock MLX operations.
mx::array stock_attend(
    const mx::array& qkv,
    const Attention& attention,
    int64_t position,
    KvLayer& cache,
    const Compute& compute);

}  // namespace bantam::nn
