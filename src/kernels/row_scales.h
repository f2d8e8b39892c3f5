// SPDX-License-Identifier: MIT
// Where the scales and biases of one row lie, one for each group, contiguous.
#pragma once

#include <cstddef>

#include "kernels/weight_matrix.h"

namespace bantam::kernels {

struct RowScales {
  WeightFormat format;  // f32, f16 or bf16
  const std::byte* scale;
  const std::byte* bias;
};

}  // namespace bantam::kernels
