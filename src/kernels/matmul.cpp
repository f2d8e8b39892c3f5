// SPDX-License-Identifier: MIT
// Cuts products into ranges of rows for the threads and picks the kernels.
#include "kernels/matmul.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "kernels/half.h"
#include "kernels/matmul_task.h"
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {

RowsFunction* pick_rows(WeightFormat format) {
  switch (format) {
    case WeightFormat::q4_0:
    case WeightFormat::q4_1:
    case WeightFormat::q8_0:
#if defined(BANTAM_AVX512VNNI)
      if (use_avx512vnni()) {
        return gguf_rows_avx512vnni;
      }
#endif
      return gguf_rows;
    case WeightFormat::affine:
#if defined(BANTAM_AVX512VNNI)
      if (use_avx512vnni()) {
        return affine_rows_avx512vnni;
      }
#endif
      return affine_rows;
    default:
      return float_rows;
  }
}

}  // namespace

int64_t matmul_scratch_bytes(int64_t max_cols) {
  // gemm-inl.h on its widest target: accumulators of a tile, packed pairs,
  // scales and biases, gathered scales, copies of four rows.
  const int64_t accumulators = 16 * 12 * kRowGrain * 4;
  const int64_t pairs = max_cols / 2 * kRowGrain * 4;
  const int64_t scales = max_cols / 32 * kRowGrain * 8;
  return accumulators + pairs + scales + max_cols / 32 * 4 +
      4 * (max_cols + 64);
}

void matmul(
    const WeightMatrix& w,
    const Activations& x,
    float* y,
    int64_t y_stride,
    Store store,
    ThreadPool& pool) {
  if (x.group_size() != w.group_size() || x.cols() != w.cols) {
    fail(
        ErrorCode::internal,
        "matmul: activations of {} columns in groups of {} meet weights of {} "
        "columns in groups of {}",
        x.cols(),
        x.group_size(),
        w.cols,
        w.group_size());
  }
  if (w.cols == 0) {
    for (int64_t t = 0; t < x.tokens() && store == Store::assign; ++t) {
      std::fill_n(y + t * y_stride, w.rows, 0.0f);
    }
    return;
  }
  pool.reserve_scratch(matmul_scratch_bytes(w.cols));
  RowsFunction* rows = pick_rows(w.format);
  const MatmulTask task{w, x, y, y_stride, store};
  // Short products are not worth waking a thread for.
  const int64_t products = std::max<int64_t>(1, w.cols * x.tokens());
  const int64_t grain =
      std::max<int64_t>(1, 16384 / (products * kRowGrain)) * kRowGrain;
  pool.parallel_for(w.rows, grain, [&](int64_t begin, int64_t end) {
    rows(task, begin, end, pool.scratch());
  });
}

}  // namespace bantam::kernels
