// SPDX-License-Identifier: MIT
// Rotary embedding. Angles, their reduction and the sine and cosine are in
// double, with this file's own series, so that every machine turns by the same
// bits and a position of a million keeps its digits.
#include "kernels/elementwise.h"

#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rope.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include <algorithm>
#include <cmath>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

using DD = hn::CappedTag<double, 8>;
using VD = hn::Vec<DD>;

// Pairs whose sine and cosine are kept at a time.
constexpr int64_t kPairBlock = 64;

HWY_INLINE VD series(VD x, const double* coefficients, int count) {
  const DD d;
  VD sum = hn::Set(d, coefficients[0]);
  for (int i = 1; i < count; ++i) {
    sum = fused(sum, x, hn::Set(d, coefficients[i]));
  }
  return sum;
}

// Reduction by quarter turns (pi/2 in two parts), then Taylor's series on
// +-pi/4, whose next terms are below 1e-13.
HWY_INLINE void sincos_lanes(VD angle, VD* cosine, VD* sine) {
  const DD d;
  const hn::RebindToUnsigned<DD> du;
  static constexpr double kSine[] = {
      1.0 / 6227020800.0,
      -1.0 / 39916800.0,
      1.0 / 362880.0,
      -1.0 / 5040.0,
      1.0 / 120.0,
      -1.0 / 6.0};
  static constexpr double kCosine[] = {
      -1.0 / 87178291200.0,
      1.0 / 479001600.0,
      -1.0 / 3628800.0,
      1.0 / 40320.0,
      -1.0 / 720.0,
      1.0 / 24.0,
      -0.5,
      1.0};
  const VD magic = hn::Set(d, 0x1.8p+52);  // adding it rounds to integers
  const VD shifted =
      hn::Add(hn::Mul(angle, hn::Set(d, 0x1.45f306dc9c883p-1)), magic);
  const VD quarters = hn::Sub(shifted, magic);
  VD r = fused(quarters, hn::Set(d, -0x1.921fb54442d18p+0), angle);
  r = fused(quarters, hn::Set(d, -0x1.1a62633145c07p-54), r);
  const VD r2 = hn::Mul(r, r);
  const VD s = fused(hn::Mul(series(r2, kSine, 6), r2), r, r);
  const VD c = series(r2, kCosine, 8);
  // The low bits of `shifted` are those of the number of quarter turns.
  const auto bits = hn::BitCast(du, shifted);
  const auto one = hn::Set(du, 1);
  const auto two = hn::Set(du, 2);
  const auto is_odd = hn::RebindMask(d, hn::Eq(hn::And(bits, one), one));
  const auto flip_s = hn::ShiftLeft<62>(hn::And(bits, two));
  const auto flip_c = hn::ShiftLeft<62>(hn::And(hn::Add(bits, one), two));
  *sine = hn::Xor(hn::IfThenElse(is_odd, c, s), hn::BitCast(d, flip_s));
  *cosine = hn::Xor(hn::IfThenElse(is_odd, s, c), hn::BitCast(d, flip_c));
}

// Cosines and sines of `count` <= kPairBlock pairs.
HWY_INLINE void turns(
    int64_t position,
    const float* frequencies,
    int64_t count,
    float amplitude,
    float* cosines,
    float* sines) {
  const DD d;
  const hn::Rebind<float, DD> df;
  const VD p = hn::Set(d, static_cast<double>(position));
  const VD scale = hn::Set(d, static_cast<double>(amplitude));
  HWY_ALIGN float padded[kPairBlock] = {};
  std::copy(frequencies, frequencies + count, padded);
  for (int64_t i = 0; i < count; i += hn::Lanes(d)) {
    const VD frequency = hn::PromoteTo(d, hn::Load(df, padded + i));
    VD c;
    VD s;
    sincos_lanes(hn::Mul(p, frequency), &c, &s);
    hn::Store(hn::DemoteTo(df, hn::Mul(c, scale)), df, cosines + i);
    hn::Store(hn::DemoteTo(df, hn::Mul(s, scale)), df, sines + i);
  }
}

// One pair: a' = a c - b s, b' = b c + a s, the first product fused.
HWY_INLINE void rotate_pair(float& a, float& b, float c, float s) {
  const float x = a;
  const float y = b;
  a = std::fma(x, c, -(y * s));
  b = std::fma(y, c, x * s);
}

// Pairs (a[i], b[i]) of one head.
HWY_INLINE void rotate_halves(
    float* a,
    float* b,
    const float* cosines,
    const float* sines,
    int64_t count) {
  const DF d;
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= count; i += kLanes) {
    const VF x = hn::LoadU(d, a + i);
    const VF y = hn::LoadU(d, b + i);
    const VF c = hn::Load(d, cosines + i);
    const VF s = hn::Load(d, sines + i);
    hn::StoreU(fused(x, c, hn::Neg(hn::Mul(y, s))), d, a + i);
    hn::StoreU(fused(y, c, hn::Mul(x, s)), d, b + i);
  }
  for (; i < count; ++i) {
    rotate_pair(a[i], b[i], cosines[i], sines[i]);
  }
}

// Pairs (x[2i], x[2i + 1]) of one head; cosines twice each, sines as -s, s.
HWY_INLINE void rotate_neighbours(
    float* x,
    const float* cosines,
    const float* sines,
    int64_t count) {
  const DF d;
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= 2 * count; i += kLanes) {
    const VF v = hn::LoadU(d, x + i);
    const VF c = hn::Load(d, cosines + i);
    const VF s = hn::Load(d, sines + i);
    hn::StoreU(fused(v, c, hn::Mul(hn::Shuffle2301(v), s)), d, x + i);
  }
  for (; i < 2 * count; i += 2) {
    rotate_pair(x[i], x[i + 1], cosines[i], sines[i + 1]);
  }
}

void RopeToken(
    float* x,
    int64_t position,
    const RopeShape& shape,
    const float* frequencies,
    float amplitude) {
  HWY_ALIGN float cosines[2 * kPairBlock];
  HWY_ALIGN float sines[2 * kPairBlock];
  for (int64_t first = 0; first < shape.pairs; first += kPairBlock) {
    const int64_t count = std::min(kPairBlock, shape.pairs - first);
    turns(position, frequencies + first, count, amplitude, cosines, sines);
    for (int64_t i = count; shape.interleaved && i-- > 0;) {
      cosines[2 * i] = cosines[2 * i + 1] = cosines[i];
      sines[2 * i + 1] = sines[i];
      sines[2 * i] = -sines[i];
    }
    for (int64_t h = 0; h < shape.heads; ++h) {
      float* head = x + h * shape.head_dim;
      if (shape.interleaved) {
        rotate_neighbours(head + 2 * first, cosines, sines, count);
      } else {
        float* a = head + first;
        rotate_halves(a, a + shape.pairs, cosines, sines, count);
      }
    }
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {
HWY_EXPORT(RopeToken);
}

void rope(
    float* x,
    int64_t stride,
    int64_t tokens,
    int64_t position,
    const RopeShape& shape,
    const float* frequencies,
    float amplitude,
    ThreadPool& pool) {
  target_name();  // settles the target before the first dispatch
  const auto turn = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(RopeToken)
      (x + t * stride, position + t, shape, frequencies, amplitude);
    }
  };
  pool.parallel_for(tokens, 8, turn);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
