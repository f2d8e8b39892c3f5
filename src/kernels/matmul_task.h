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

RowsFunction gguf_rows;
RowsFunction affine_rows;
RowsFunction float_rows;

// The same for AVX-512 VNNI; call only if use_avx512vnni().
RowsFunction gguf_rows_avx512vnni;
RowsFunction affine_rows_avx512vnni;

}  // namespace bantam::kernels
