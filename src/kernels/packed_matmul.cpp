// SPDX-License-Identifier: MIT
#include "kernels/packed_matmul.h"

#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/packed_matmul.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include <algorithm>

#include "kernels/partial-inl.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Accumulators must fit the registers, with room for a column of the panels:
// 2 x 12 of 32 (512 bits), 2 x 6 of 16 (256 bits), 4 x 6 of 32 (128 bits).
constexpr int64_t kTilePanels = kLanes == 16 ? 2 : 1;
constexpr int64_t kTileTokens = kLanes == 16 ? 12 : 6;

// Columns `columns` (16 or fewer a panel) of kPanels panels, kTokens tokens.
template <int64_t kPanels, int64_t kTokens>
HWY_INLINE void packed_tile(
    const float* panels,
    const float* bias,
    int64_t cols,
    const float* x,
    int64_t x_stride,
    float* y,
    int64_t y_stride,
    int64_t columns) {
  const DF d;
  Lanes16 acc[kTokens][kPanels];
  // Three tokens share a pointer: twelve of them would not fit the registers.
  constexpr int64_t kBases = (kTokens + 2) / 3;
  const float* bases[kBases];
  for (int64_t b = 0; b < kBases; ++b) {
    bases[b] = x + 3 * b * x_stride;
  }
#pragma GCC unroll 12
  for (int64_t t = 0; t < kTokens; ++t) {
#pragma GCC unroll 2
    for (int64_t p = 0; p < kPanels; ++p) {
      acc[t][p] = bias == nullptr ? zero16() : load16(bias + p * kPanelRows);
    }
  }
  for (int64_t k = 0; k < cols; ++k) {
    Lanes16 w[kPanels];
#pragma GCC unroll 2
    for (int64_t p = 0; p < kPanels; ++p) {
      w[p] = load16(panels + (p * cols + k) * kPanelRows);
    }
#pragma GCC unroll 12
    for (int64_t t = 0; t < kTokens; ++t) {
      const VF v = hn::Set(d, bases[t / 3][t % 3 * x_stride]);
#pragma GCC unroll 2
      for (int64_t p = 0; p < kPanels; ++p) {
        for (size_t i = 0; i < kParts; ++i) {
          acc[t][p].part[i] = fused(w[p].part[i], v, acc[t][p].part[i]);
        }
      }
    }
#pragma GCC unroll 4
    for (int64_t b = 0; b < kBases; ++b) {
      ++bases[b];
    }
  }
#pragma GCC unroll 12
  for (int64_t t = 0; t < kTokens; ++t) {
#pragma GCC unroll 2
    for (int64_t p = 0; p < kPanels; ++p) {
      const int64_t left = columns - p * kPanelRows;
      store16_partial(
          acc[t][p],
          y + t * y_stride + p * kPanelRows,
          static_cast<size_t>(HWY_MIN(left, kPanelRows)));
    }
  }
}

template <int64_t kPanels>
HWY_INLINE void packed_strip(
    const float* panels,
    const float* bias,
    int64_t cols,
    const float* x,
    int64_t x_stride,
    int64_t tokens,
    float* y,
    int64_t y_stride,
    int64_t columns) {
  int64_t t = 0;
  const auto run = [&](auto count) HWY_ATTR {
    packed_tile<kPanels, decltype(count)::value>(
        panels,
        bias,
        cols,
        x + t * x_stride,
        x_stride,
        y + t * y_stride,
        y_stride,
        columns);
    t += decltype(count)::value;
  };
  while (t + kTileTokens <= tokens) {
    run(std::integral_constant<int64_t, kTileTokens>{});
  }
  while (t + 3 <= tokens) {
    run(std::integral_constant<int64_t, 3>{});
  }
  while (t < tokens) {
    run(std::integral_constant<int64_t, 1>{});
  }
}

// `rows` columns of y; panels begins at the first of them.
void PackedRows(
    const float* panels,
    const float* bias,
    int64_t rows,
    int64_t cols,
    const float* x,
    int64_t x_stride,
    int64_t tokens,
    float* y,
    int64_t y_stride) {
  int64_t row = 0;
  const auto at = [&](auto panel_count) HWY_ATTR {
    constexpr int64_t kPanels = decltype(panel_count)::value;
    packed_strip<kPanels>(
        panels + row * cols,
        bias == nullptr ? nullptr : bias + row,
        cols,
        x,
        x_stride,
        tokens,
        y + row,
        y_stride,
        HWY_MIN(rows - row, kPanels * kPanelRows));
    row += kPanels * kPanelRows;
  };
  while (row + (kTilePanels - 1) * kPanelRows < rows) {
    at(std::integral_constant<int64_t, kTilePanels>{});
  }
  while (row < rows) {
    at(std::integral_constant<int64_t, 1>{});
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {

HWY_EXPORT(PackedRows);

constexpr int64_t panels_of(int64_t rows) {
  return (rows + kPanelRows - 1) / kPanelRows;
}

}  // namespace

PackedMatrix::PackedMatrix(int64_t rows, int64_t cols)
    : rows_(rows),
      cols_(cols),
      panels_(static_cast<size_t>(panels_of(rows) * kPanelRows * cols)),
      bias_(static_cast<size_t>(panels_of(rows) * kPanelRows)) {}

int64_t PackedMatrix::bytes(int64_t rows, int64_t cols) {
  return 4 * panels_of(rows) * kPanelRows * (cols + 1);
}

void PackedMatrix::set_row(
    int64_t row,
    const float* values,
    float bias,
    float factor) {
  float* panel = panels_.data() + row / kPanelRows * kPanelRows * cols_;
  for (int64_t k = 0; k < cols_; ++k) {
    panel[k * kPanelRows + row % kPanelRows] = values[k] * factor;
  }
  bias_[static_cast<size_t>(row)] = bias * factor;
}

void packed_matmul(
    const PackedMatrix& w,
    const float* x,
    int64_t x_stride,
    int64_t tokens,
    float* y,
    int64_t y_stride,
    ThreadPool& pool) {
  target_name();  // settles the target before the first dispatch
  // Two panels of weights stay in the nearest cache while the tokens pass.
  pool.parallel_for(w.rows(), 2 * kPanelRows, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(PackedRows)
    (w.panels() + begin * w.cols(),
     w.bias() + begin,
     end - begin,
     w.cols(),
     x,
     x_stride,
     tokens,
     y + begin,
     y_stride);
  });
}

void packed_product(
    const float* panels,
    const float* bias,
    int64_t panel_count,
    int64_t cols,
    const float* x,
    int64_t x_stride,
    int64_t tokens,
    float* y,
    int64_t y_stride) {
  HWY_DYNAMIC_DISPATCH(PackedRows)
  (panels,
   bias,
   panel_count * kPanelRows,
   cols,
   x,
   x_stride,
   tokens,
   y,
   y_stride);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
