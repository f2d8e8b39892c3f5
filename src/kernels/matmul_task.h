// SPDX-License-Identifier: MIT
// One product cut into ranges of rows: what matmul.cpp hands to the kernels of
// a family of formats.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/matmul.h"
#include "kernels/weight_matrix.h"

namespace bantam::kernels {

struct MatmulTask {
  const WeightMatrix& w;
  const Activations& x;
  float* y;
  int64_t y_stride;
  Store store;
  /// The scratch still holds what this thread's range before put there, of a
  /// matrix of this format: activations in the order that the format wants.
  bool is_prepared = false;
};

/// Computes rows [begin, end) of the product for every token. `begin` is a
/// multiple of kRowGrain. scratch: this thread's, matmul_scratch_bytes().
using RowsFunction = void(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch);

/// Rows that a packed block of the widest target holds.
constexpr int64_t kRowGrain = 32;

/// Bytes of a row's scales and biases as floats: groups of 16 have the most.
constexpr int64_t row_scale_bytes(int64_t cols) {
  return cols / 16 * 8;
}

RowsFunction gguf_rows;         // blocks of 32
RowsFunction k_rows;            // super-blocks of 256
RowsFunction iq_rows;           // look-up formats
RowsFunction affine_rows;       // MLX, integers
RowsFunction microscaled_rows;  // MLX, 4-bit floats
RowsFunction float_rows;

// The same for AVX-512 VNNI; call only if use_avx512vnni().
RowsFunction gguf_rows_avx512vnni;
RowsFunction k_rows_avx512vnni;
RowsFunction iq_rows_avx512vnni;
RowsFunction affine_rows_avx512vnni;
RowsFunction microscaled_rows_avx512vnni;

}  // namespace bantam::kernels
