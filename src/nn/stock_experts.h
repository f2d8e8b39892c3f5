// SPDX-License-Identifier: MIT
#pragma once

#include "nn/experts.h"

namespace bantam::nn {

/// The matrices as MLX multiplies them, those of gate and up apart.
Experts::Stock stock_of(const ExpertMatrices& matrices, const Compute& compute);

/// experts_add() with stock MLX operations.
mx::array stock_experts_add(
    const mx::array& x,
    const Experts& experts,
    const Compute& compute);

}  // namespace bantam::nn
