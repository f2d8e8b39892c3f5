// SPDX-License-Identifier: MIT
// Thirty-two weights as 16-bit integers in their natural order, and the exact
// integer products with activations: what every quantized format goes through.
#if defined(BANTAM_KERNELS_UNITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_UNITS_INL_H_
#undef BANTAM_KERNELS_UNITS_INL_H_
#else
#define BANTAM_KERNELS_UNITS_INL_H_
#endif

#include "kernels/simd-inl.h"

#if defined(BANTAM_STATIC_TARGET) && defined(__AVX512VNNI__)
#include <immintrin.h>
#endif

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Registers of 256 bits at most: an AVX-512 core has three ports for them and
// two for wider ones, and a group of 32 fills no more.
using D16 = hn::CappedTag<int16_t, 16>;
using DSum = hn::RepartitionToWide<D16>;
using V16 = hn::Vec<D16>;
using VSum = hn::Vec<DSum>;

constexpr int64_t kUnit = 32;
constexpr size_t kShorts = hn::MaxLanes(D16());
constexpr size_t kUnitParts = kUnit / kShorts;
constexpr size_t kSumLanes = kShorts / 2;

struct Unit {
  HWY_INLINE Unit() {}
  V16 part[kUnitParts];
};

// A block of a single unit.
struct OneUnit {
  HWY_INLINE OneUnit(const Unit& only) : value(only) {}
  template <int kIndex>
  HWY_INLINE Unit unit() const {
    return value;
  }
  Unit value;
};

// sum0 and sum1 together gain the products of 16-bit lanes; which lane gains
// which is the target's business until fold_pairs.
template <class V, class W>
HWY_INLINE void dot_pairs(V a, V b, W& sum0, W& sum1) {
#if defined(BANTAM_STATIC_TARGET) && defined(__AVX512VNNI__)
  if constexpr (sizeof(a.raw) == 64) {
    sum0.raw = _mm512_dpwssd_epi32(sum0.raw, a.raw, b.raw);
  } else {
    sum0.raw = _mm256_dpwssd_epi32(sum0.raw, a.raw, b.raw);
  }
  (void)sum1;
#else
  sum0 = hn::ReorderWidenMulAccumulate(hn::DFromV<W>(), a, b, sum0, sum1);
#endif
}

// Lane i: the products of 16-bit lanes 2i and 2i + 1.
template <class W>
HWY_INLINE W fold_pairs(W sum0, W sum1) {
#if defined(BANTAM_STATIC_TARGET) && defined(__AVX512VNNI__)
  (void)sum1;
  return sum0;
#else
  return hn::RearrangeToOddPlusEven(sum0, sum1);
#endif
}

// Lane i: the sum of all lanes of v[i], of kSumLanes. Exact, so in any order.
HWY_INLINE VSum sum_each(const VSum* v) {
  const DSum d;
#if HWY_MAX_BYTES >= 32
  const VSum low = finish4(d, v[0], v[1], v[2], v[3]);
  const VSum high = finish4(d, v[4], v[5], v[6], v[7]);
  return hn::Add(
      hn::ConcatLowerLower(d, high, low), hn::ConcatUpperUpper(d, high, low));
#else
  return finish4(d, v[0], v[1], v[2], v[3]);
#endif
}

// Sixteen exact sums as floats.
HWY_INLINE Lanes16 sums_to_float(const VSum (&sums)[16 / kSumLanes]) {
  Lanes16 out;
#if HWY_MAX_BYTES >= 64
  const hn::Rebind<float, DSum> d;
  out.part[0] =
      hn::Combine(DF(), hn::ConvertTo(d, sums[1]), hn::ConvertTo(d, sums[0]));
#else
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = hn::ConvertTo(DF(), sums[i]);
  }
#endif
  return out;
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
