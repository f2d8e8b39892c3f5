// SPDX-License-Identifier: MIT
// Cuts products into ranges of rows for the threads and picks the kernels.
#include "kernels/matmul.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "kernels/half.h"
#include "kernels/matmul_task.h"
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {

// The kernels of a family, and those with AVX-512 VNNI if it has any.
struct Family {
  RowsFunction* rows;
  RowsFunction* vnni_rows = nullptr;
};

#if defined(BANTAM_AVX512VNNI)
#define BANTAM_VNNI(rows) rows
#else
#define BANTAM_VNNI(rows) nullptr
#endif

Family family_of(WeightFormat format) {
  switch (format) {
    case WeightFormat::f32:
    case WeightFormat::f16:
    case WeightFormat::bf16:
    case WeightFormat::mlx_mxfp8:
      return {float_rows};
    case WeightFormat::q4_0:
    case WeightFormat::q4_1:
    case WeightFormat::q5_0:
    case WeightFormat::q5_1:
    case WeightFormat::q8_0:
    case WeightFormat::iq4_nl:
    case WeightFormat::mxfp4:
    case WeightFormat::nvfp4:
      return {gguf_rows, BANTAM_VNNI(gguf_rows_avx512vnni)};
    case WeightFormat::q2_k:
    case WeightFormat::q3_k:
    case WeightFormat::q4_k:
    case WeightFormat::q5_k:
    case WeightFormat::q6_k:
    case WeightFormat::tq1_0:
    case WeightFormat::tq2_0:
      return {k_rows, BANTAM_VNNI(k_rows_avx512vnni)};
    case WeightFormat::iq1_s:
    case WeightFormat::iq1_m:
    case WeightFormat::iq2_xxs:
    case WeightFormat::iq2_xs:
    case WeightFormat::iq2_s:
    case WeightFormat::iq3_xxs:
    case WeightFormat::iq3_s:
    case WeightFormat::iq4_xs:
      return {iq_rows, BANTAM_VNNI(iq_rows_avx512vnni)};
    case WeightFormat::affine:
      return {affine_rows, BANTAM_VNNI(affine_rows_avx512vnni)};
    case WeightFormat::mlx_mxfp4:
    case WeightFormat::mlx_nvfp4:
      return {microscaled_rows, BANTAM_VNNI(microscaled_rows_avx512vnni)};
  }
  fail(ErrorCode::internal, "matmul: no kernels for this weight format");
}

RowsFunction* pick_rows(WeightFormat format) {
  const Family family = family_of(format);
  return family.vnni_rows != nullptr && use_avx512vnni() ? family.vnni_rows
                                                         : family.rows;
}

}  // namespace

int64_t matmul_scratch_bytes(int64_t max_cols) {
  // gemm-inl.h on its widest target: accumulators of a tile, packed pairs,
  // scales and biases, gathered scales, copies of four rows. That is more than
  // the planes of kVnniQuadTokens - 1 tokens, 3 bytes for a column.
  const int64_t accumulators = 16 * 12 * kRowGrain * 4;
  const int64_t pairs = max_cols / 2 * kRowGrain * 4;
  const int64_t scales = kRowGrain * row_scale_bytes(max_cols);
  return accumulators + pairs + scales + 2 * row_scale_bytes(max_cols) +
      4 * (max_cols + 64);
}

namespace {

void check(const WeightMatrix& w, const Activations& x) {
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
}

// Do kernels want the activations in the same order for both?
bool share_preparation(const WeightMatrix& a, const WeightMatrix& b) {
  return a.format == b.format && a.bits == b.bits && a.group == b.group;
}

// Products one after the other, their rows in units of kRowGrain. Threads take
// ranges of all units in ascending order.
class Loop {
 public:
  Loop(
      std::span<const Product> products,
      const Activations& x,
      Store store,
      ThreadPool& pool)
      : products_(products),
        x_(x),
        store_(store),
        pool_(pool),
        prepared_for_(pool.threads(), nullptr) {}

  int64_t units() const {
    int64_t units = 0;
    for (const Product& product : products_) {
      units += units_of(product);
    }
    return units;
  }

  void run(int64_t begin, int64_t end) {
    const WeightMatrix*& prepared_for =
        prepared_for_[ThreadPool::thread_index()];
    int64_t first = 0;  // unit of the product
    for (const Product& product : products_) {
      const int64_t from = std::max(begin - first, int64_t{0});
      const int64_t to = std::min(end - first, units_of(product));
      if (from < to) {
        const WeightMatrix& w = product.w;
        const bool is_prepared =
            prepared_for != nullptr && share_preparation(*prepared_for, w);
        prepared_for = &w;
        pick_rows(w.format)(
            {w, x_, product.y, product.y_stride, store_, is_prepared},
            from * kRowGrain,
            std::min(to * kRowGrain, w.rows),
            pool_.scratch());
      }
      first += units_of(product);
    }
  }

 private:
  static int64_t units_of(const Product& product) {
    return (product.w.rows + kRowGrain - 1) / kRowGrain;
  }

  std::span<const Product> products_;
  const Activations& x_;
  Store store_;
  ThreadPool& pool_;
  std::vector<const WeightMatrix*> prepared_for_;  // by each thread
};

}  // namespace

void matmul(
    std::span<const Product> products,
    const Activations& x,
    Store store,
    ThreadPool& pool) {
  for (const Product& product : products) {
    check(product.w, x);
  }
  if (x.cols() == 0) {
    for (const Product& product : products) {
      for (int64_t t = 0; t < x.tokens() && store == Store::assign; ++t) {
        std::fill_n(product.y + t * product.y_stride, product.w.rows, 0.0f);
      }
    }
    return;
  }
  pool.reserve_scratch(matmul_scratch_bytes(x.cols()));
  Loop loop(products, x, store, pool);
  // Short products are not worth waking a thread for.
  const int64_t work = std::max<int64_t>(1, x.cols() * x.tokens());
  pool.parallel_for(
      loop.units(),
      std::max<int64_t>(1, 16384 / (work * kRowGrain)),
      [&](int64_t begin, int64_t end) { loop.run(begin, end); });
}

void matmul(
    const WeightMatrix& w,
    const Activations& x,
    float* y,
    int64_t y_stride,
    Store store,
    ThreadPool& pool) {
  const Product product{w, y, y_stride};
  matmul(std::span(&product, 1), x, store, pool);
}

}  // namespace bantam::kernels
