// SPDX-License-Identifier: MIT
// Single units (units-inl.h) of formats whose blocks are small or rare: by
// vectors, or by the scalar definition that a format brings (block_formats.h).
// The same integers either way.
#if defined(BANTAM_KERNELS_SMALL_UNITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_SMALL_UNITS_INL_H_
#undef BANTAM_KERNELS_SMALL_UNITS_INL_H_
#else
#define BANTAM_KERNELS_SMALL_UNITS_INL_H_
#endif

#include "kernels/block_formats.h"
#include "kernels/iq_formats.h"
#include "kernels/units-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Unit `index` of a block.
template <class F>
HWY_INLINE Unit small_unit(F /*format*/, const uint8_t* block, int index) {
  HWY_ALIGN int8_t q[kUnit];
  F::integers(block, index, q);
  const hn::Rebind<int8_t, D16> d8;
  Unit unit;
  for (size_t i = 0; i < kUnitParts; ++i) {
    unit.part[i] = hn::PromoteTo(D16(), hn::LoadU(d8, q + i * kShorts));
  }
  return unit;
}

// Not for the emulation of vectors by loops, which is no slower like that.
#if HWY_TARGET != HWY_EMU128 && HWY_TARGET != HWY_SCALAR

// Compilers make the scalar definitions of these into code that takes them
// apart byte by byte (GCC 12: ten times as long).

using DI16x8 = hn::CappedTag<int8_t, 16>;
using DU16x8 = hn::RebindToUnsigned<DI16x8>;
using VI16x8 = hn::Vec<DI16x8>;

// Integers 0 .. 15 and 16 .. 31 as a unit.
HWY_INLINE Unit promoted(VI16x8 first, VI16x8 last) {
  Unit unit;
#if HWY_MAX_BYTES >= 32
  unit.part[0] = hn::PromoteTo(D16(), first);
  unit.part[1] = hn::PromoteTo(D16(), last);
#else
  const hn::Half<DI16x8> half;
  unit.part[0] = hn::PromoteTo(D16(), hn::LowerHalf(half, first));
  unit.part[1] = hn::PromoteTo(D16(), hn::UpperHalf(half, first));
  unit.part[2] = hn::PromoteTo(D16(), hn::LowerHalf(half, last));
  unit.part[3] = hn::PromoteTo(D16(), hn::UpperHalf(half, last));
#endif
  return unit;
}

HWY_INLINE VI16x8 low_nibbles(const uint8_t* from) {
  const DU16x8 d;
  return hn::BitCast(
      DI16x8(), hn::And(hn::LoadU(d, from), hn::Set(d, uint8_t{15})));
}

HWY_INLINE VI16x8 high_nibbles(const uint8_t* from) {
  return hn::BitCast(DI16x8(), hn::ShiftRight<4>(hn::LoadU(DU16x8(), from)));
}

// 16 in each byte whose bit is set; bits 0 .. 15 or 16 .. 31 of four bytes.
template <int kByte>
HWY_INLINE VI16x8 fifth_bits(const uint8_t* from) {
  const DI16x8 d;
  HWY_ALIGN static constexpr int8_t kBytes[16] = {
      kByte,
      kByte,
      kByte,
      kByte,
      kByte,
      kByte,
      kByte,
      kByte,
      kByte + 1,
      kByte + 1,
      kByte + 1,
      kByte + 1,
      kByte + 1,
      kByte + 1,
      kByte + 1,
      kByte + 1};
  HWY_ALIGN static constexpr int8_t kBits[16] = {
      1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128};
  const hn::Repartition<uint32_t, DI16x8> d32;
  const VI16x8 bits = hn::Load(d, kBits);
  const VI16x8 spread = hn::TableLookupBytes(
      hn::BitCast(d, hn::Set(d32, load_u32(from))), hn::Load(d, kBytes));
  return hn::IfThenElseZero(
      hn::Eq(hn::And(spread, bits), bits), hn::Set(d, int8_t{16}));
}

HWY_INLINE Unit small_unit(Q40 /*format*/, const uint8_t* block, int /*0*/) {
  const VI16x8 offset = hn::Set(DI16x8(), int8_t{8});
  return promoted(
      hn::Sub(low_nibbles(block + 2), offset),
      hn::Sub(high_nibbles(block + 2), offset));
}

HWY_INLINE Unit small_unit(Q41 /*format*/, const uint8_t* block, int /*0*/) {
  return promoted(low_nibbles(block + 4), high_nibbles(block + 4));
}

HWY_INLINE Unit small_unit(Q50 /*format*/, const uint8_t* block, int /*0*/) {
  const VI16x8 offset = hn::Set(DI16x8(), int8_t{16});
  return promoted(
      hn::Sub(hn::Or(low_nibbles(block + 6), fifth_bits<0>(block + 2)), offset),
      hn::Sub(
          hn::Or(high_nibbles(block + 6), fifth_bits<2>(block + 2)), offset));
}

HWY_INLINE Unit small_unit(Q51 /*format*/, const uint8_t* block, int /*0*/) {
  return promoted(
      hn::Or(low_nibbles(block + 8), fifth_bits<0>(block + 4)),
      hn::Or(high_nibbles(block + 8), fifth_bits<2>(block + 4)));
}

// Sixteen bytes of nibbles that pick from a table.
HWY_INLINE Unit looked_up(const int8_t* table, const uint8_t* from) {
  const VI16x8 values = hn::Load(DI16x8(), table);
  return promoted(
      hn::TableLookupBytes(values, low_nibbles(from)),
      hn::TableLookupBytes(values, high_nibbles(from)));
}

HWY_INLINE Unit small_unit(Iq4Nl /*format*/, const uint8_t* block, int /*0*/) {
  return looked_up(kNonlinear4, block + 2);
}

HWY_INLINE Unit small_unit(Iq4Xs /*format*/, const uint8_t* block, int index) {
  return looked_up(kNonlinear4, block + 8 + 16 * index);
}

HWY_INLINE Unit small_unit(Mxfp4 /*format*/, const uint8_t* block, int /*0*/) {
  return looked_up(kFloat4, block + 1);
}

// Eight low nibbles, then the eight high ones of the same bytes.
HWY_INLINE Unit small_unit(Nvfp4 /*format*/, const uint8_t* block, int index) {
  const DI16x8 d;
  const hn::Repartition<uint64_t, DI16x8> d64;
  const uint8_t* from = block + 4 + 16 * index;
  const VI16x8 table = hn::Load(d, kFloat4);
  const auto low =
      hn::BitCast(d64, hn::TableLookupBytes(table, low_nibbles(from)));
  const auto high =
      hn::BitCast(d64, hn::TableLookupBytes(table, high_nibbles(from)));
  return promoted(
      hn::BitCast(d, hn::InterleaveLower(d64, low, high)),
      hn::BitCast(d, hn::InterleaveUpper(d64, low, high)));
}

#endif  // vectors

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
