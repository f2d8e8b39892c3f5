// SPDX-License-Identifier: MIT
// Products with float32, float16 and bfloat16 weights, and MLX's scaled 8-bit
// floats: sixteen fused accumulators along the columns, a few rows by a few
// tokens at a time.
#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/float_matmul.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include "kernels/matvec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// A tile's accumulators must fit the registers: 32 of 512 bits, 16 of 256,
// 32 of 128.
constexpr int64_t kTileRows = kLanes == 16 ? 4 : 2;
constexpr int64_t kTileTokens = kLanes == 16 ? 4 : 2;

template <WeightFormat kFormat>
struct FloatRow {
  static constexpr int64_t kBytes = kFormat == WeightFormat::f32 ? 4 : 2;

  const std::byte* data;

  FloatRow() = default;
  FloatRow(const WeightMatrix& w, int64_t row)
      : data(w.data + row * w.row_bytes) {}

  HWY_INLINE Lanes16 at(int64_t k) const {
    return load16_as(kFormat, data + k * kBytes);
  }
  HWY_INLINE Lanes16 first(int64_t k, int64_t count) const {
    return load16_first(kFormat, data + k * kBytes, count);
  }
};

// Thirty-two columns share a scale, so rows are a whole number of sixteens.
template <>
struct FloatRow<WeightFormat::mlx_mxfp8> {
  const uint8_t* data;
  const uint8_t* scales;

  FloatRow() = default;
  FloatRow(const WeightMatrix& w, int64_t row)
      : data(reinterpret_cast<const uint8_t*>(w.data) + row * w.row_bytes),
        scales(
            reinterpret_cast<const uint8_t*>(w.scales) + row * (w.cols / 32)) {}

  // As float16 a value is 256 times smaller: both have room for the exponent.
  HWY_INLINE Lanes16 at(int64_t k) const {
    HWY_ALIGN uint16_t halves[16];
    for (int i = 0; i < 16; ++i) {
      const uint16_t bits = data[k + i];
      const uint16_t nan = (bits & 0x7F) == 0x7F ? 0x7C00 : 0;
      halves[i] =
          static_cast<uint16_t>((bits & 0x80) << 8 | (bits & 0x7F) << 7 | nan);
    }
    const Lanes16 value = mul16(load16_f16(halves), set16(256.0f));
    return mul16(value, set16(e8m0_to_f32(scales[k / 32])));
  }
  HWY_INLINE Lanes16 first(int64_t k, int64_t /*count*/) const { return at(k); }
};

// acc[r][t] of kRows rows and kTokens tokens over all columns.
template <WeightFormat kFormat, int64_t kRows, int64_t kTokens>
HWY_INLINE void float_tile(
    const FloatRow<kFormat> (&rows)[kRows],
    const float* const (&x)[kTokens],
    int64_t cols,
    Lanes16 (&acc)[kRows][kTokens]) {
#pragma GCC unroll 4
  for (int64_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int64_t t = 0; t < kTokens; ++t) {
      acc[r][t] = zero16();
    }
  }
  int64_t k = 0;
  for (; k + 16 <= cols; k += 16) {
    Lanes16 v[kTokens];
#pragma GCC unroll 4
    for (int64_t t = 0; t < kTokens; ++t) {
      v[t] = load16(x[t] + k);
    }
#pragma GCC unroll 4
    for (int64_t r = 0; r < kRows; ++r) {
      const Lanes16 w = rows[r].at(k);
#pragma GCC unroll 4
      for (int64_t t = 0; t < kTokens; ++t) {
        acc[r][t] = fused16(w, v[t], acc[r][t]);
      }
    }
  }
  if (k == cols) {
    return;
  }
  const int64_t rest = cols - k;
  for (int64_t r = 0; r < kRows; ++r) {
    const Lanes16 w = rows[r].first(k, rest);
    for (int64_t t = 0; t < kTokens; ++t) {
      const Lanes16 v = load16_first(
          WeightFormat::f32,
          reinterpret_cast<const std::byte*>(x[t] + k),
          rest);
      acc[r][t] = first16(
          static_cast<size_t>(rest), fused16(w, v, acc[r][t]), acc[r][t]);
    }
  }
}

// kTreeRows rows by kTokens tokens. Rows past `end` repeat the last one; their
// results are not stored.
template <WeightFormat kFormat, int64_t kTokens>
HWY_INLINE void float_block(
    const MatmulTask& task,
    int64_t first,
    int64_t end,
    int64_t token) {
  const WeightMatrix& w = task.w;
  const float* x[kTokens];
  for (int64_t t = 0; t < kTokens; ++t) {
    x[t] = task.x.floats(token + t);
  }
  Lanes16 acc[kTokens][kTreeRows];
  for (int64_t r = 0; r < kTreeRows; r += kTileRows) {
    FloatRow<kFormat> rows[kTileRows];
    for (int64_t i = 0; i < kTileRows; ++i) {
      rows[i] = FloatRow<kFormat>(w, HWY_MIN(first + r + i, end - 1));
    }
    Lanes16 tile[kTileRows][kTokens];
    float_tile<kFormat, kTileRows, kTokens>(rows, x, w.cols, tile);
    for (int64_t i = 0; i < kTileRows; ++i) {
      for (int64_t t = 0; t < kTokens; ++t) {
        acc[t][r + i] = tile[i][t];
      }
    }
  }
  const int64_t count = HWY_MIN(kTreeRows, end - first);
  for (int64_t t = 0; t < kTokens; ++t) {
    store_rows(
        trees16([&](size_t i) HWY_ATTR { return acc[t][i]; }),
        count,
        task.store,
        task.y + (token + t) * task.y_stride + first);
  }
}

template <WeightFormat kFormat>
void float_format_rows(const MatmulTask& task, int64_t begin, int64_t end) {
  for (int64_t first = begin; first < end; first += kTreeRows) {
    int64_t token = 0;
    for (; token + kTileTokens <= task.x.tokens(); token += kTileTokens) {
      float_block<kFormat, kTileTokens>(task, first, end, token);
    }
    for (; token < task.x.tokens(); ++token) {
      float_block<kFormat, 1>(task, first, end, token);
    }
  }
}

void FloatRows(const MatmulTask& task, int64_t begin, int64_t end) {
  switch (task.w.format) {
    case WeightFormat::f32:
      return float_format_rows<WeightFormat::f32>(task, begin, end);
    case WeightFormat::f16:
      return float_format_rows<WeightFormat::f16>(task, begin, end);
    case WeightFormat::mlx_mxfp8:
      return float_format_rows<WeightFormat::mlx_mxfp8>(task, begin, end);
    default:
      return float_format_rows<WeightFormat::bf16>(task, begin, end);
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace bantam::kernels {

namespace {
HWY_EXPORT(FloatRows);
}

void float_rows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* /*scratch*/) {
  HWY_DYNAMIC_DISPATCH(FloatRows)(task, begin, end);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
