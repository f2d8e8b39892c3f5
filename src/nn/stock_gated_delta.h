// SPDX-License-Identifier: MIT
#pragma once

#include "nn/gated_delta.h"

namespace bantam::nn {

/// gated_delta() with stock MLX operations.
mx::array stock_gated_delta(
    const mx::array& mixed,
    const GatedDelta& delta,
    DeltaCache& cache,
    const Compute& compute);

}  // namespace bantam::nn
