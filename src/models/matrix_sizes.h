// SPDX-License-Identifier: MIT
#pragma once

#include "kernels/weight_matrix.h"

namespace bantam {

/// Bytes that a product with `w` reads: data, scales and biases.
inline int64_t matrix_bytes(const kernels::WeightMatrix& w) {
  int64_t bytes = w.rows * w.row_bytes;
  if (w.format == kernels::WeightFormat::affine) {
    const int64_t groups = w.rows * (w.cols / w.group);
    const int64_t scale_bytes =
        w.scale_format == kernels::WeightFormat::f32 ? 4 : 2;
    bytes += 2 * groups * scale_bytes;
  }
  return bytes;
}

}  // namespace bantam
