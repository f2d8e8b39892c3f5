// SPDX-License-Identifier: MIT
// The vector vocabulary of the kernels, once per target: sixteen float lanes
// whatever the register width, the pairwise tree over them, exact loads of
// 16-bit floats, and one exponential. Same bits on every target.
#if defined(BANTAM_KERNELS_SIMD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_SIMD_INL_H_
#undef BANTAM_KERNELS_SIMD_INL_H_
#else
#define BANTAM_KERNELS_SIMD_INL_H_
#endif

#include <hwy/highway.h>

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "kernels/half.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 16>;
using DI = hn::RebindToSigned<DF>;
using DU = hn::RebindToUnsigned<DF>;
using VF = hn::Vec<DF>;
using VI = hn::Vec<DI>;

constexpr size_t kLanes = hn::MaxLanes(DF());
constexpr size_t kParts = 16 / kLanes;  // registers that hold 16 lanes

// One rounding, also where the target has no such instruction.
template <class V>
HWY_INLINE V fused(V a, V b, V c) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
  const hn::DFromV<V> d;
  HWY_ALIGN hn::TFromD<decltype(d)> x[16], y[16], z[16];
  hn::Store(a, d, x);
  hn::Store(b, d, y);
  hn::Store(c, d, z);
  for (size_t i = 0; i < hn::Lanes(d); ++i) {
    z[i] = std::fma(x[i], y[i], z[i]);
  }
  return hn::Load(d, z);
#else
  return hn::MulAdd(a, b, c);
#endif
}

template <class D>
HWY_INLINE hn::Vec<D> load_f16(D d, const uint16_t* from) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
  HWY_ALIGN float lanes[16];
  for (size_t i = 0; i < hn::Lanes(d); ++i) {
    lanes[i] = f16_to_f32(from[i]);
  }
  return hn::Load(d, lanes);
#else
  const hn::Rebind<hwy::float16_t, D> dh;
  return hn::PromoteTo(
      d, hn::LoadU(dh, reinterpret_cast<const hwy::float16_t*>(from)));
#endif
}

template <class D>
HWY_INLINE hn::Vec<D> load_bf16(D d, const uint16_t* from) {
  const hn::Rebind<uint16_t, D> dh;
  const hn::RebindToUnsigned<D> du;
  return hn::BitCast(
      d, hn::ShiftLeft<16>(hn::PromoteTo(du, hn::LoadU(dh, from))));
}

template <class D>
HWY_INLINE void store_f16(hn::Vec<D> v, D /*tag*/, uint16_t* to) {
#if HWY_TARGET == HWY_EMU128 || HWY_TARGET == HWY_SCALAR
  const D d;
  HWY_ALIGN float lanes[16];
  hn::Store(v, d, lanes);
  for (size_t i = 0; i < hn::Lanes(d); ++i) {
    to[i] = f32_to_f16(lanes[i]);
  }
#else
  const hn::Rebind<hwy::float16_t, D> dh;
  hn::StoreU(hn::DemoteTo(dh, v), dh, reinterpret_cast<hwy::float16_t*>(to));
#endif
}

// The largest lane. (Highway 1.0.3's emulation forgets about -infinity.)
HWY_INLINE float max_lane(VF v) {
  HWY_ALIGN float lanes[16];
  hn::Store(v, DF(), lanes);
  float largest = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) {
    largest = lanes[i] > largest ? lanes[i] : largest;
  }
  return largest;
}

// Sixteen float lanes. (The constructor is written out because GCC gives its
// own no target, and then cannot inline a NEON vector's.)
struct Lanes16 {
  HWY_INLINE Lanes16() {}
  VF part[kParts];
};

HWY_INLINE Lanes16 zero16() {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = hn::Zero(DF());
  }
  return out;
}

// To an argument of a function that is not inlined: GCC copies the registers of
// a struct that is returned or assigned through integers.
HWY_INLINE void copy16(const Lanes16& from, Lanes16& to) {
  for (size_t i = 0; i < kParts; ++i) {
    to.part[i] = from.part[i];
  }
}

HWY_INLINE Lanes16 set16(float value) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = hn::Set(DF(), value);
  }
  return out;
}

HWY_INLINE Lanes16 load16(const float* from) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = hn::LoadU(DF(), from + i * kLanes);
  }
  return out;
}

HWY_INLINE Lanes16 load16_f16(const uint16_t* from) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = load_f16(DF(), from + i * kLanes);
  }
  return out;
}

HWY_INLINE Lanes16 load16_bf16(const uint16_t* from) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = load_bf16(DF(), from + i * kLanes);
  }
  return out;
}

HWY_INLINE void store16(const Lanes16& v, float* to) {
  for (size_t i = 0; i < kParts; ++i) {
    hn::StoreU(v.part[i], DF(), to + i * kLanes);
  }
}

HWY_INLINE Lanes16 add16(const Lanes16& a, const Lanes16& b) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = hn::Add(a.part[i], b.part[i]);
  }
  return out;
}

HWY_INLINE Lanes16 mul16(const Lanes16& a, const Lanes16& b) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = hn::Mul(a.part[i], b.part[i]);
  }
  return out;
}

HWY_INLINE Lanes16
fused16(const Lanes16& a, const Lanes16& b, const Lanes16& c) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = fused(a.part[i], b.part[i], c.part[i]);
  }
  return out;
}

// `a` in the first `count` lanes, `b` in the rest.
HWY_INLINE Lanes16 first16(size_t count, const Lanes16& a, const Lanes16& b) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    const size_t here = count > i * kLanes ? count - i * kLanes : 0;
    out.part[i] = hn::IfThenElse(
        hn::FirstN(DF(), here < kLanes ? here : kLanes), a.part[i], b.part[i]);
  }
  return out;
}

// lane i + lane i + 8, then + 4, + 2, + 1.
HWY_INLINE float tree16(const Lanes16& v) {
  HWY_ALIGN float lanes[16];
  store16(v, lanes);
  const hn::CappedTag<float, 4> d4;
  const auto low = hn::Add(hn::Load(d4, lanes), hn::Load(d4, lanes + 8));
  const auto high = hn::Add(hn::Load(d4, lanes + 4), hn::Load(d4, lanes + 12));
  const auto four = hn::Add(low, high);
  const auto two = hn::Add(four, hn::Shuffle1032(four));
  return hn::GetLane(hn::Add(two, hn::Shuffle2301(two)));
}

// Lane b of each 128-bit block of the result: the tree's last two levels over
// block b of v[0] .. v[3].
template <class D>
HWY_INLINE hn::Vec<D> finish4(
    D d,
    hn::Vec<D> v0,
    hn::Vec<D> v1,
    hn::Vec<D> v2,
    hn::Vec<D> v3) {
  const hn::RepartitionToWide<D> dw;
  const auto v01 =
      hn::Add(hn::InterleaveLower(d, v0, v1), hn::InterleaveUpper(d, v0, v1));
  const auto v23 =
      hn::Add(hn::InterleaveLower(d, v2, v3), hn::InterleaveUpper(d, v2, v3));
  const auto low =
      hn::InterleaveLower(dw, hn::BitCast(dw, v01), hn::BitCast(dw, v23));
  const auto high =
      hn::InterleaveUpper(dw, hn::BitCast(dw, v01), hn::BitCast(dw, v23));
  return hn::Add(hn::BitCast(d, low), hn::BitCast(d, high));
}

// The tree's first two levels over four rows of a register: block b of the
// result belongs to the row i + 4b.
template <class Row>
HWY_INLINE VF start4(const Row& row, size_t i) {
#if HWY_MAX_BYTES >= 64
  const DF d;
  const VF a = row(i).part[0];
  const VF b = row(i + 4).part[0];
  const VF c = row(i + 8).part[0];
  const VF e = row(i + 12).part[0];
  const VF ac =
      hn::Add(hn::ConcatLowerLower(d, c, a), hn::ConcatUpperUpper(d, c, a));
  const VF be =
      hn::Add(hn::ConcatLowerLower(d, e, b), hn::ConcatUpperUpper(d, e, b));
  return hn::Add(
      hn::OddEvenBlocks(be, ac),
      hn::SwapAdjacentBlocks(hn::OddEvenBlocks(ac, be)));
#elif HWY_MAX_BYTES >= 32
  const DF d;
  const Lanes16 a = row(i);
  const Lanes16 b = row(i + 4);
  const VF sum_a = hn::Add(a.part[0], a.part[1]);
  const VF sum_b = hn::Add(b.part[0], b.part[1]);
  return hn::Add(
      hn::ConcatLowerLower(d, sum_b, sum_a),
      hn::ConcatUpperUpper(d, sum_b, sum_a));
#else
  const Lanes16 a = row(i);
  return hn::Add(hn::Add(a.part[0], a.part[2]), hn::Add(a.part[1], a.part[3]));
#endif
}

// Lane i of the result: tree16(row(i)). Sixteen trees share their shuffles.
template <class Row>
HWY_INLINE Lanes16 trees16(const Row& row) {
  Lanes16 out;
  for (size_t p = 0; p < kParts; ++p) {
    const size_t i = p * kLanes;
    out.part[p] = finish4(
        DF(),
        start4(row, i),
        start4(row, i + 1),
        start4(row, i + 2),
        start4(row, i + 3));
  }
  return out;
}

// e^x, within 1.1 units in the last place; 0 below -104, infinity above 88.8,
// NaN stays NaN. Range reduction after Cody and Waite; the polynomial is a
// minimax fit of (e^r - 1 - r) / r^2 on +-ln(2)/2.
HWY_INLINE VF exp_lanes(VF input) {
  const DF d;
  const DI di;
  const VF magic = hn::Set(d, 0x1.8p+23f);  // adding it rounds to integers
  const VF x = hn::Min(hn::Max(input, hn::Set(d, -104.0f)), hn::Set(d, 89.0f));
  const VF shifted = fused(x, hn::Set(d, 0x1.715476p+0f), magic);
  const VF n = hn::Sub(shifted, magic);
  VF r = fused(n, hn::Set(d, -0x1.62e4p-1f), x);
  r = fused(n, hn::Set(d, -0x1.7f7d1cp-20f), r);
  VF p = hn::Set(d, 0x1.6a2352p-10f);
  p = fused(p, r, hn::Set(d, 0x1.123a6cp-7f));
  p = fused(p, r, hn::Set(d, 0x1.5558f4p-5f));
  p = fused(p, r, hn::Set(d, 0x1.55549p-3f));
  p = fused(p, r, hn::Set(d, 0x1.fffffcp-2f));
  p = fused(p, r, hn::Set(d, 1.0f));
  p = fused(p, r, hn::Set(d, 1.0f));
  // 2^n in two factors: n reaches -150, where the result is subnormal.
  const VI whole = hn::Sub(hn::BitCast(di, shifted), hn::BitCast(di, magic));
  const VI half = hn::ShiftRight<1>(whole);
  const VI bias = hn::Set(di, 127);
  const VF scale1 = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const VF scale2 =
      hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(whole, half), bias)));
  const VF result = hn::Mul(hn::Mul(p, scale1), scale2);
  return hn::IfThenElse(hn::Eq(input, input), result, input);
}

HWY_INLINE Lanes16 exp16(const Lanes16& x) {
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = exp_lanes(x.part[i]);
  }
  return out;
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
