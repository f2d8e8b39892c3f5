// SPDX-License-Identifier: MIT
// A packed block of rows meets a few quads of tokens at a time: the part of
// gemm-inl.h that knows no format.
#if defined(BANTAM_KERNELS_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_GEMM_TILE_INL_H_
#undef BANTAM_KERNELS_GEMM_TILE_INL_H_
#else
#define BANTAM_KERNELS_GEMM_TILE_INL_H_
#endif

#include "kernels/gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

#if defined(BANTAM_STATIC_TARGET) && defined(__AVX512VNNI__)
typedef int32_t Dwords __attribute__((vector_size(64)));
#endif

// Exact sums of one group for kQuads * 4 tokens and kBlockRows rows.
template <int kQuads>
HWY_INLINE void tile_sums(
    const int32_t* pairs,
    int64_t pair_count,
    const int32_t* const (&x)[kQuads],
    VI (&sums)[kQuads * 4][kBlockVectors]) {
#if defined(BANTAM_STATIC_TARGET) && defined(__AVX512VNNI__)
  // Sums stay in a vector of dwords: GCC 12 copies each accumulator twice a
  // step if its type changes to __m512i between steps.
  Dwords sum[kQuads * 4][kBlockVectors];
#pragma GCC unroll 12
  for (int t = 0; t < kQuads * 4; ++t) {
    sum[t][0] = sum[t][1] = Dwords{};
  }
  for (int64_t p = 0; p < pair_count; ++p) {
    const __m512i w0 = _mm512_load_si512(pairs + p * kBlockRows);
    const __m512i w1 = _mm512_load_si512(pairs + p * kBlockRows + kLanes);
#pragma GCC unroll 12
    for (int t = 0; t < kQuads * 4; ++t) {
      const __m512i v = _mm512_set1_epi32(x[t / 4][p * 4 + t % 4]);
      sum[t][0] = (Dwords)_mm512_dpwssd_epi32((__m512i)sum[t][0], w0, v);
      sum[t][1] = (Dwords)_mm512_dpwssd_epi32((__m512i)sum[t][1], w1, v);
    }
  }
#pragma GCC unroll 12
  for (int t = 0; t < kQuads * 4; ++t) {
    sums[t][0].raw = (__m512i)sum[t][0];
    sums[t][1].raw = (__m512i)sum[t][1];
  }
#else
  const DI d;
  const DPairs d16;
  VI other[kQuads * 4][kBlockVectors];
#pragma GCC unroll 12
  for (int t = 0; t < kQuads * 4; ++t) {
    sums[t][0] = sums[t][1] = hn::Zero(d);
    other[t][0] = other[t][1] = hn::Zero(d);
  }
  for (int64_t p = 0; p < pair_count; ++p) {
    const auto w0 = hn::BitCast(d16, hn::Load(d, pairs + p * kBlockRows));
    const auto w1 =
        hn::BitCast(d16, hn::Load(d, pairs + p * kBlockRows + kLanes));
#pragma GCC unroll 12
    for (int t = 0; t < kQuads * 4; ++t) {
      const auto v = hn::BitCast(d16, hn::Set(d, x[t / 4][p * 4 + t % 4]));
      dot_pairs(w0, v, sums[t][0], other[t][0]);
      dot_pairs(w1, v, sums[t][1], other[t][1]);
    }
  }
#pragma GCC unroll 12
  for (int t = 0; t < kQuads * 4; ++t) {
    sums[t][0] = fold_pairs(sums[t][0], other[t][0]);
    sums[t][1] = fold_pairs(sums[t][1], other[t][1]);
  }
#endif
}

// Adds one group to the accumulators of its slot.
template <bool kBias, int kQuads>
HWY_INLINE void tile_accumulate(
    const VI (&sums)[kQuads * 4][kBlockVectors],
    const PackedBlock& block,
    int64_t group,
    const float* const (&x_scale)[kQuads],
    const float* const (&x_sum)[kQuads]) {
  const DF d;
  float* acc = block.acc + group % 16 * (kQuads * 4 * kBlockRows);
  const float* scale = block.scales + group * kBlockRows;
  const float* bias = block.biases + group * kBlockRows;
#pragma GCC unroll 2
  for (int r = 0; r < kBlockVectors; ++r) {
    const VF s = hn::Load(d, scale + r * kLanes);
    const VF b = kBias ? hn::Load(d, bias + r * kLanes) : s;
#pragma GCC unroll 12
    for (int t = 0; t < kQuads * 4; ++t) {
      float* slot = acc + t * kBlockRows + r * kLanes;
      VF value = hn::Load(d, slot);
      if constexpr (kBias) {
        value = fused(b, hn::Set(d, x_sum[t / 4][group * 4 + t % 4]), value);
      }
      const VF both = hn::Mul(s, hn::Set(d, x_scale[t / 4][group * 4 + t % 4]));
      value = fused(both, hn::ConvertTo(d, sums[t][r]), value);
      hn::Store(value, d, slot);
    }
  }
}

// The pairwise tree over the sixteen slots of one token and kLanes rows.
HWY_INLINE VF tile_tree(const float* acc, int64_t slot_stride) {
  const DF d;
  VF level[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    level[i] = hn::Add(
        hn::Load(d, acc + i * slot_stride),
        hn::Load(d, acc + (i + 8) * slot_stride));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    level[i] = hn::Add(level[i], level[i + 4]);
  }
  return hn::Add(hn::Add(level[0], level[2]), hn::Add(level[1], level[3]));
}

template <bool kBias, int kQuads>
HWY_NOINLINE void tile(
    const MatmulTask& task,
    const PackedBlock& block,
    int64_t first_row,
    int64_t row_count,
    int64_t first_quad) {
  const Activations& x = task.x;
  const int64_t pairs = x.group_size() / 2;  // of columns, in a group
  const int64_t groups = x.cols() / x.group_size();
  const int32_t* values[kQuads];
  const float* x_scale[kQuads];
  const float* x_sum[kQuads];
  for (int q = 0; q < kQuads; ++q) {
    values[q] = x.quad_values(first_quad + q);
    x_scale[q] = x.quad_scales(first_quad + q);
    x_sum[q] = x.quad_sums(first_quad + q);
  }
  constexpr int64_t kSlot = kQuads * 4 * kBlockRows;
  for (int64_t i = 0; i < 16 * kSlot; i += kLanes) {
    hn::Store(hn::Zero(DF()), DF(), block.acc + i);
  }
  for (int64_t g = 0; g < groups; ++g) {
    VI sums[kQuads * 4][kBlockVectors];
    tile_sums<kQuads>(
        block.pairs + g * pairs * kBlockRows, pairs, values, sums);
    tile_accumulate<kBias, kQuads>(sums, block, g, x_scale, x_sum);
    for (int q = 0; q < kQuads; ++q) {
      values[q] += pairs * 4;
    }
  }
  for (int64_t t = 0; t < kQuads * 4; ++t) {
    const int64_t token = first_quad * 4 + t;
    if (token >= x.tokens()) {
      return;
    }
    float* y = task.y + token * task.y_stride + first_row;
    HWY_ALIGN float lanes[kBlockRows];
    for (int64_t r = 0; r < kBlockVectors; ++r) {
      const VF value =
          tile_tree(block.acc + t * kBlockRows + r * kLanes, kSlot);
      hn::Store(value, DF(), lanes + r * kLanes);
    }
    for (int64_t r = 0; r < row_count; ++r) {
      y[r] = task.store == Store::add ? y[r] + lanes[r] : lanes[r];
    }
  }
}

template <bool kBias>
HWY_NOINLINE void multiply_block(
    const MatmulTask& task,
    const PackedBlock& block,
    int64_t first,
    int64_t count) {
  const int64_t quads = (task.x.tokens() + 3) / 4;
  int64_t quad = 0;
  for (; quad + kMaxQuads <= quads; quad += kMaxQuads) {
    tile<kBias, kMaxQuads>(task, block, first, count, quad);
  }
  if constexpr (kMaxQuads > 1) {
    if (quads - quad == 2) {
      tile<kBias, 2>(task, block, first, count, quad);
    } else if (quads - quad == 1) {
      tile<kBias, 1>(task, block, first, count, quad);
    }
  }
}

void multiply_packed(
    const MatmulTask& task,
    const PackedBlock& block,
    int64_t first,
    int64_t count,
    bool has_bias) {
  return has_bias ? multiply_block<true>(task, block, first, count)
                  : multiply_block<false>(task, block, first, count);
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
