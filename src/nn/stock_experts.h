// SPDX-License-Identifier: MIT
#pragma once

#include "nn/experts.h"

namespace bantam::nn {

/// experts_add() with stock MLX operations.
mx::array stock_experts_add(
    const mx::array& x,
    const Experts& experts,
    const Compute& compute);

}  // namespace bantam::nn
