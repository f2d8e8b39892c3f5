// SPDX-License-Identifier: MIT
// The units of a block (units-inl.h) and its scales, unpacked by vectors for
// the formats that large models use; every other format gives a unit at a time
// (small_units-inl.h). The same integers and the same floats as by the scalar
// definition (block_formats.h), so the same bits.
#if defined(BANTAM_KERNELS_BLOCK_UNITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_BLOCK_UNITS_INL_H_
#undef BANTAM_KERNELS_BLOCK_UNITS_INL_H_
#else
#define BANTAM_KERNELS_BLOCK_UNITS_INL_H_
#endif

#include "kernels/iq_formats.h"
#include "kernels/k_formats.h"
#include "kernels/small_units-inl.h"
#include "kernels/units-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

using D8 = hn::Repartition<uint8_t, D16>;
using V8 = hn::Vec<D8>;
constexpr size_t kByteParts = kUnit / hn::MaxLanes(D8());

// How columns lie in a unit: in their order, or as a register of 256 bits
// finds them when its halves are widened each by itself (quarters 0 2 | 1 3).
enum class Order { natural, halves };

// Thirty-two bytes.
struct Bytes32 {
  HWY_INLINE Bytes32() {}
  V8 part[kByteParts];
};

// What widen() makes columns in the order kOrder of.
template <Order kOrder>
HWY_INLINE Bytes32 load32(const uint8_t* from) {
  Bytes32 out;
  for (size_t i = 0; i < kByteParts; ++i) {
    out.part[i] = hn::LoadU(D8(), from + i * hn::MaxLanes(D8()));
  }
#if HWY_MAX_BYTES >= 32
  if constexpr (kOrder == Order::natural) {
    const hn::Repartition<uint64_t, D8> d64;
    HWY_ALIGN static constexpr uint64_t kQuarters[4] = {0, 2, 1, 3};
    out.part[0] = hn::BitCast(
        D8(),
        hn::TableLookupLanes(
            hn::BitCast(d64, out.part[0]),
            hn::SetTableIndices(d64, kQuarters)));
  }
#endif
  return out;
}

// To the left within 16 bits, or to the right; bytes mix, so mask afterwards.
template <int kLeft>
HWY_INLINE Bytes32 moved(const Bytes32& bytes) {
  const hn::Repartition<uint16_t, D8> d16;
  Bytes32 out = bytes;
  for (size_t i = 0; i < kByteParts; ++i) {
    const auto words = hn::BitCast(d16, bytes.part[i]);
    if constexpr (kLeft > 0) {
      out.part[i] = hn::BitCast(D8(), hn::ShiftLeft<kLeft>(words));
    } else if constexpr (kLeft < 0) {
      out.part[i] = hn::BitCast(D8(), hn::ShiftRight<-kLeft>(words));
    }
  }
  return out;
}

template <int kMask>
HWY_INLINE Bytes32 masked(const Bytes32& bytes) {
  Bytes32 out;
  for (size_t i = 0; i < kByteParts; ++i) {
    out.part[i] = hn::And(bytes.part[i], hn::Set(D8(), uint8_t{kMask}));
  }
  return out;
}

HWY_INLINE Bytes32 either(const Bytes32& a, const Bytes32& b) {
  Bytes32 out;
  for (size_t i = 0; i < kByteParts; ++i) {
    out.part[i] = hn::Or(a.part[i], b.part[i]);
  }
  return out;
}

HWY_INLINE Unit widen(const Bytes32& bytes) {
  const D8 d;
  const V8 zero = hn::Zero(d);
  Unit unit;
  for (size_t i = 0; i < kByteParts; ++i) {
    const V8 from = bytes.part[i];
    unit.part[2 * i] = hn::BitCast(D16(), hn::InterleaveLower(d, from, zero));
    unit.part[2 * i + 1] =
        hn::BitCast(D16(), hn::InterleaveUpper(d, from, zero));
  }
  return unit;
}

// A super-block of format F: made once, then asked for each of its units, whose
// integers are kOffset too large. Formats that are not kVector have none.
template <class F, Order kOrder>
struct BlockUnits {
  static constexpr bool kVector = false;
  static constexpr int kOffset = 0;
};

// The emulation of vectors by loops is left with the scalar definition: it is
// no slower, and compilers take minutes to unroll the rest.
#if HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR

template <Order kOrder>
struct BlockUnits<Q2K, kOrder> {
  static constexpr bool kVector = true;
  static constexpr int kOffset = 0;
  Bytes32 low[2];
  HWY_INLINE explicit BlockUnits(const uint8_t* block) {
    low[0] = load32<kOrder>(block + 16);
    low[1] = load32<kOrder>(block + 48);
  }
  template <int kIndex>
  HWY_INLINE Unit unit() const {
    return widen(masked<3>(moved<-2 * (kIndex % 4)>(low[kIndex / 4])));
  }
};

template <Order kOrder>
struct BlockUnits<Q3K, kOrder> {
  static constexpr bool kVector = true;
  static constexpr int kOffset = 4;
  Bytes32 low[2];
  Bytes32 high;
  HWY_INLINE explicit BlockUnits(const uint8_t* block) {
    low[0] = load32<kOrder>(block + 32);
    low[1] = load32<kOrder>(block + 64);
    high = load32<kOrder>(block);
  }
  template <int kIndex>
  HWY_INLINE Unit unit() const {
    return widen(either(
        masked<3>(moved<-2 * (kIndex % 4)>(low[kIndex / 4])),
        masked<4>(moved<2 - kIndex>(high))));
  }
};

// Nibbles of Q4_K; Q5_K has fifth bits too.
template <bool kFifth, Order kOrder>
struct NibbleUnits {
  static constexpr bool kVector = true;
  static constexpr int kOffset = 0;
  Bytes32 low[4];
  Bytes32 high;
  HWY_INLINE explicit NibbleUnits(const uint8_t* block) {
    for (int i = 0; i < 4; ++i) {
      low[i] = load32<kOrder>(block + (kFifth ? 48 : 16) + 32 * i);
    }
    high = kFifth ? load32<kOrder>(block + 16) : low[0];
  }
  template <int kIndex>
  HWY_INLINE Unit unit() const {
    const Bytes32 four = masked<15>(moved<-4 * (kIndex % 2)>(low[kIndex / 2]));
    if constexpr (kFifth) {
      return widen(either(four, masked<16>(moved<4 - kIndex>(high))));
    }
    return widen(four);
  }
};

template <Order kOrder>
struct BlockUnits<Q4K, kOrder> : NibbleUnits<false, kOrder> {
  // Not inherited: GCC gives an inherited constructor no target.
  HWY_INLINE explicit BlockUnits(const uint8_t* block)
      : NibbleUnits<false, kOrder>(block) {}
};
template <Order kOrder>
struct BlockUnits<Q5K, kOrder> : NibbleUnits<true, kOrder> {
  // Not inherited: GCC gives an inherited constructor no target.
  HWY_INLINE explicit BlockUnits(const uint8_t* block)
      : NibbleUnits<true, kOrder>(block) {}
};

template <Order kOrder>
struct BlockUnits<Q6K, kOrder> {
  static constexpr bool kVector = true;
  static constexpr int kOffset = 32;
  Bytes32 low[4];
  Bytes32 high[2];
  HWY_INLINE explicit BlockUnits(const uint8_t* block) {
    for (int i = 0; i < 4; ++i) {
      low[i] = load32<kOrder>(block + 32 * i);
    }
    high[0] = load32<kOrder>(block + 128);
    high[1] = load32<kOrder>(block + 160);
  }
  template <int kIndex>
  HWY_INLINE Unit unit() const {
    constexpr int kFour = kIndex % 4;
    return widen(either(
        masked<15>(moved<-4 * (kFour / 2)>(low[kIndex / 4 * 2 + kIndex % 2])),
        masked<0x30>(moved<4 - 2 * kFour>(high[kIndex / 4]))));
  }
};

// Thirty-two bytes of four eights.
template <Order kOrder>
HWY_INLINE Bytes32 join_eights(
    const hn::Vec<hn::CappedTag<uint64_t, 1>>& a,
    const hn::Vec<hn::CappedTag<uint64_t, 1>>& b,
    const hn::Vec<hn::CappedTag<uint64_t, 1>>& c,
    const hn::Vec<hn::CappedTag<uint64_t, 1>>& e) {
  const hn::CappedTag<uint64_t, 2> d2;
  Bytes32 out;
#if HWY_MAX_BYTES >= 32
  const hn::Repartition<uint64_t, D8> d4;
  const bool swap = kOrder == Order::natural;
  out.part[0] = hn::BitCast(
      D8(),
      hn::Combine(
          d4,
          hn::Combine(d2, e, swap ? b : c),
          hn::Combine(d2, swap ? c : b, a)));
#else
  out.part[0] = hn::BitCast(D8(), hn::Combine(d2, b, a));
  out.part[1] = hn::BitCast(D8(), hn::Combine(d2, e, c));
#endif
  return out;
}

template <Order kOrder>
struct BlockUnits<Iq3Xxs, kOrder> {
  static constexpr bool kVector = true;
  static constexpr int kOffset = 64;
  const uint8_t* block;
  HWY_INLINE explicit BlockUnits(const uint8_t* at) : block(at) {}

  using DOne = hn::CappedTag<uint64_t, 1>;
  HWY_INLINE static hn::Vec<DOne> eight(const uint8_t* index) {
    const hn::CappedTag<uint32_t, 1> d1;
    const hn::CappedTag<uint32_t, 2> d2;
    return hn::BitCast(
        DOne(),
        hn::Combine(
            d2,
            hn::Load(d1, &kIq3XxsGrid[index[1]]),
            hn::Load(d1, &kIq3XxsGrid[index[0]])));
  }
  // All ones where the sign is negative.
  HWY_INLINE static hn::Vec<DOne> signs(uint32_t bits) {
    return hn::Load(DOne(), &kEvenSignBytes[bits & 127]);
  }

  template <int kIndex>
  HWY_INLINE Unit unit() const {
    const uint8_t* index = block + 2 + 8 * kIndex;
    const uint32_t bits = load_u32(block + 66 + 4 * kIndex);
    const Bytes32 magnitude = join_eights<kOrder>(
        eight(index), eight(index + 2), eight(index + 4), eight(index + 6));
    const Bytes32 negative = join_eights<kOrder>(
        signs(bits), signs(bits >> 7), signs(bits >> 14), signs(bits >> 21));
    // 64 plus or minus the magnitude: 64 or 65 and (magnitude ^ mask).
    Bytes32 out;
    for (size_t i = 0; i < kByteParts; ++i) {
      const V8 mask = negative.part[i];
      out.part[i] = hn::Add(
          hn::Xor(magnitude.part[i], mask),
          hn::Sub(hn::Set(D8(), uint8_t{64}), mask));
    }
    return widen(out);
  }
};

#endif  // vectors

// --- scales ------------------------------------------------------------------

// kValues / kGroup scales and biases of a block.
template <class F>
HWY_INLINE void put_scales(
    F /*format*/,
    const uint8_t* block,
    float* scale,
    float* bias) {
  F::scales(block, scale, bias);
}

#if HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR

using DF8 = hn::CappedTag<float, 8>;
using VF8 = hn::Vec<DF8>;

HWY_INLINE VF8 broadcast_f16(const uint8_t* from) {
  const hn::Rebind<uint16_t, DF8> du;
  const hn::Rebind<hwy::float16_t, DF8> dh;
  return hn::PromoteTo(DF8(), hn::BitCast(dh, hn::Set(du, load_u16(from))));
}

// to[i] = factor * small[i].
template <int kCount>
HWY_INLINE void times_bytes(VF8 factor, const int8_t* small, float* to) {
  const DF8 d;
  const hn::RebindToSigned<DF8> di;
  const hn::Rebind<int8_t, DF8> d8;
  for (int i = 0; i < kCount; i += static_cast<int>(hn::MaxLanes(d))) {
    const auto whole = hn::PromoteTo(di, hn::LoadU(d8, small + i));
    hn::StoreU(hn::Mul(factor, hn::ConvertTo(d, whole)), d, to + i);
  }
}

HWY_INLINE void put_scales(
    Q3K /*format*/,
    const uint8_t* block,
    float* scale,
    float* /*bias*/) {
  // Nibbles of eight bytes, then pairs of bits of four bytes above them.
  const hn::CappedTag<uint8_t, 16> d;
  const hn::Repartition<uint64_t, decltype(d)> d64;
  const hn::Repartition<uint32_t, decltype(d)> d32;
  uint64_t nibbles;
  std::memcpy(&nibbles, block + 96, sizeof(nibbles));
  const uint32_t pairs = load_u32(block + 104);
  const auto low = hn::BitCast(
      d,
      hn::InterleaveLower(
          d64, hn::Set(d64, nibbles), hn::Set(d64, nibbles >> 4)));
  HWY_ALIGN const uint32_t kShifts[4] = {0, 2, 4, 6};
  const auto high = hn::BitCast(
      d,
      hn::ShiftLeft<4>(hn::And(
          hn::Shr(hn::Set(d32, pairs), hn::Load(d32, kShifts)),
          hn::Set(d32, 0x03030303u))));
  const auto six = hn::Or(hn::And(low, hn::Set(d, uint8_t{15})), high);
  HWY_ALIGN uint8_t small[16];
  hn::Store(hn::Sub(six, hn::Set(d, uint8_t{32})), d, small);
  times_bytes<16>(
      broadcast_f16(block + 108),
      reinterpret_cast<const int8_t*>(small),
      scale);
}

HWY_INLINE void put_scales(
    Q6K /*format*/,
    const uint8_t* block,
    float* scale,
    float* /*bias*/) {
  times_bytes<16>(
      broadcast_f16(block + 208),
      reinterpret_cast<const int8_t*>(block + 192),
      scale);
}

// Eight scales and eight minima of six bits: Q4_K and Q5_K.
HWY_INLINE void put_six_bits(const uint8_t* block, float* scale, float* bias) {
  const uint32_t a = load_u32(block + 4);
  const uint32_t b = load_u32(block + 8);
  const uint32_t c = load_u32(block + 12);
  const uint32_t small[4] = {
      a & 0x3F3F3F3F,
      (c & 0x0F0F0F0F) | (a >> 2 & 0x30303030),
      b & 0x3F3F3F3F,
      (c >> 4 & 0x0F0F0F0F) | (b >> 2 & 0x30303030)};
  const auto* bytes = reinterpret_cast<const int8_t*>(small);
  times_bytes<8>(broadcast_f16(block), bytes, scale);
  times_bytes<8>(hn::Neg(broadcast_f16(block + 2)), bytes + 8, bias);
}

HWY_INLINE void put_scales(
    Q4K /*format*/,
    const uint8_t* block,
    float* scale,
    float* bias) {
  put_six_bits(block, scale, bias);
}

HWY_INLINE void put_scales(
    Q5K /*format*/,
    const uint8_t* block,
    float* scale,
    float* bias) {
  put_six_bits(block, scale, bias);
}

HWY_INLINE void put_scales(
    Iq3Xxs /*format*/,
    const uint8_t* block,
    float* scale,
    float* /*bias*/) {
  const DF8 d;
  const hn::RebindToUnsigned<DF8> du;
  const hn::RebindToSigned<DF8> di;
  const VF8 factor = broadcast_f16(block);
  for (size_t i = 0; i < 8; i += hn::MaxLanes(d)) {
    const auto words =
        hn::LoadU(du, reinterpret_cast<const uint32_t*>(block + 66 + 4 * i));
    const VF8 four =
        hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<28>(words)));
    const VF8 half = hn::Set(d, 0.5f);
    hn::StoreU(
        hn::Mul(hn::Mul(factor, hn::Add(half, four)), half), d, scale + i);
  }
}

#endif  // vectors

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
