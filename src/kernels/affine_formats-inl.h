// SPDX-License-Identifier: MIT
// MLX's affine formats: 2, 3, 4, 5, 6 or 8 bits as one little-endian stream of
// bits for each row, with scales and biases in tensors of their own.
#if defined(BANTAM_KERNELS_AFFINE_FORMATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_AFFINE_FORMATS_INL_H_
#undef BANTAM_KERNELS_AFFINE_FORMATS_INL_H_
#else
#define BANTAM_KERNELS_AFFINE_FORMATS_INL_H_
#endif

#include <cstring>

#include "kernels/row_scales.h"
#include "kernels/units-inl.h"
#include "kernels/weight_matrix.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Eight values fill kBits bytes, and each lies within the 16 bits that start
// at its first byte: one byte shuffle brings these 16 bits into a lane, a
// multiplication pushes out what is above the value, a shift what is below.
template <int kBits>
struct BitWindows {
  HWY_ALIGN uint8_t bytes[2 * kShorts];
  HWY_ALIGN uint16_t factors[kShorts];

  constexpr BitWindows() : bytes(), factors() {
    for (size_t lane = 0; lane < kShorts; ++lane) {
      const size_t bit = lane * kBits;
      bytes[2 * lane] = static_cast<uint8_t>(bit / 8);
      bytes[2 * lane + 1] = static_cast<uint8_t>(bit / 8 + 1);
      factors[lane] = static_cast<uint16_t>(1 << (16 - kBits - bit % 8));
    }
  }
};

template <int kBits>
struct Affine {
  static constexpr bool kBias = true;
  static constexpr int64_t kFixedGroup = 0;  // known at run time
  static constexpr int64_t kBlockUnits = 1;
  static constexpr int kOffset = 0;
  static constexpr int64_t kUnitBytes = 4 * kBits;
  // unit() loads 16 bytes where it needs 2 * kBits or fewer.
  static constexpr int64_t kSlack = 16;

  const WeightMatrix& w;

  // The row, or a copy of it if loads past its end would leave the tensor.
  const uint8_t* row(int64_t index, uint8_t* copy) const {
    const auto* data = reinterpret_cast<const uint8_t*>(w.data);
    const uint8_t* row = data + index * w.row_bytes;
    if ((index + 1) * w.row_bytes + kSlack <= w.rows * w.row_bytes) {
      return row;
    }
    std::memcpy(copy, row, static_cast<size_t>(w.row_bytes));
    return copy;
  }

  RowScales scales(int64_t index, std::byte* /*buffer*/) const {
    const int64_t width = w.scale_format == WeightFormat::f32 ? 4 : 2;
    const int64_t offset = index * (w.cols / w.group) * width;
    return {w.scale_format, w.scales + offset, w.biases + offset};
  }

  HWY_INLINE OneUnit block(const uint8_t* row, int64_t index) const {
    return {unit(row, index)};
  }

  HWY_INLINE Unit unit(const uint8_t* row, int64_t index) const {
    const uint8_t* from = row + index * kUnitBytes;
    Unit unit;
    if constexpr (kBits == 8) {
      const hn::Rebind<uint8_t, D16> d8;
      for (size_t i = 0; i < kUnitParts; ++i) {
        unit.part[i] = hn::PromoteTo(D16(), hn::LoadU(d8, from + i * kShorts));
      }
    } else {
      static constexpr BitWindows<kBits> kWindows;
      const hn::Repartition<uint8_t, D16> d8;
      const hn::RebindToUnsigned<D16> du;
      const auto bytes = hn::Load(d8, kWindows.bytes);
      const auto factors = hn::Load(du, kWindows.factors);
      for (size_t i = 0; i < kUnitParts; ++i) {
        const auto raw = hn::LoadDup128(d8, from + i * (kShorts / 8) * kBits);
        const auto window = hn::BitCast(du, hn::TableLookupBytes(raw, bytes));
        unit.part[i] = hn::BitCast(
            D16(), hn::ShiftRight<16 - kBits>(hn::Mul(window, factors)));
      }
    }
    return unit;
  }
};

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
