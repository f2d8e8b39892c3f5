// SPDX-License-Identifier: MIT
// y = x W^T + b for float32 weights that are multiplied by many tokens again
// and again: packed once, sixteen rows side by side, so that a product needs no
// sums across lanes.
//
// Each output is one chain of fused multiply-adds, acc = b, then
// acc = fma(w[k], x[k], acc) for k ascending: the same bits for any threads,
// number of tokens and instruction set.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/thread_pool.h"

namespace bantam::kernels {

/// Sixteen rows of a matrix, column by column.
inline constexpr int64_t kPanelRows = 16;

class PackedMatrix {
 public:
  PackedMatrix() = default;
  PackedMatrix(int64_t rows, int64_t cols);

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  static int64_t bytes(int64_t rows, int64_t cols);

  /// values: [cols]. `factor` is multiplied into all of them and the bias.
  void set_row(int64_t row, const float* values, float bias, float factor = 1);

  /// [panels, cols, 16]; rows past the last one are zeros.
  const float* panels() const { return panels_.data(); }
  const float* bias() const { return bias_.data(); }  // [panels * 16]

 private:
  int64_t rows_ = 0;
  int64_t cols_ = 0;
  std::vector<float> panels_;
  std::vector<float> bias_;
};

/// y: [tokens, rows] of w, rows of y `y_stride` floats apart; x: [tokens, cols]
/// of w, `x_stride` floats apart.
void packed_matmul(
    const PackedMatrix& w,
    const float* x,
    int64_t x_stride,
    int64_t tokens,
    float* y,
    int64_t y_stride,
    ThreadPool& pool);

/// The same on plain pointers and this thread alone. panels: [panels, cols,
/// 16]; bias: [panels * 16] or null for zeros; y gets panels * 16 columns.
void packed_product(
    const float* panels,
    const float* bias,
    int64_t panel_count,
    int64_t cols,
    const float* x,
    int64_t x_stride,
    int64_t tokens,
    float* y,
    int64_t y_stride);

}  // namespace bantam::kernels
