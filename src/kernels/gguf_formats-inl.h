// SPDX-License-Identifier: MIT
// GGUF's blocks of 32: Q4_0, Q4_1, Q8_0. A format tells how to find a row's
// integers and scales; matvec-inl.h and gemm-inl.h do the rest.
#if defined(BANTAM_KERNELS_GGUF_FORMATS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_GGUF_FORMATS_INL_H_
#undef BANTAM_KERNELS_GGUF_FORMATS_INL_H_
#else
#define BANTAM_KERNELS_GGUF_FORMATS_INL_H_
#endif

#include <cstring>

#include "kernels/row_scales.h"
#include "kernels/units-inl.h"
#include "kernels/weight_matrix.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Sixteen bytes hold values 0 .. 15 in their low nibbles, 16 .. 31 in their
// high ones.
HWY_INLINE Unit nibble_unit(const uint8_t* from) {
  const hn::Rebind<uint8_t, D16> d8;
  const V16 mask = hn::Set(D16(), 15);
  constexpr size_t kHalf = kUnitParts / 2;
  Unit unit;
  for (size_t i = 0; i < kHalf; ++i) {
    const V16 bytes = hn::PromoteTo(D16(), hn::LoadU(d8, from + i * kShorts));
    unit.part[i] = hn::And(bytes, mask);
    unit.part[kHalf + i] = hn::ShiftRight<4>(bytes);
  }
  return unit;
}

// kBlockBytes apart: float16 scale, float16 bias if any, then the integers.
template <int kBlock, bool kHasBias>
struct GgufBlocks {
  static constexpr bool kBias = kHasBias;
  static constexpr int64_t kFixedUnits = 1;  // units of 32 in a group
  static constexpr int64_t kBlockBytes = kBlock;
  static constexpr int64_t kUnitBytes = kBlock;

  const WeightMatrix& w;

  const uint8_t* row(int64_t index, uint8_t* /*copy*/) const {
    return reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  // Gathers the row's scales into `buffer`, which stays L1-resident.
  RowScales scales(int64_t index, std::byte* buffer) const {
    const int64_t groups = w.cols / kUnit;
    auto* scale = reinterpret_cast<uint16_t*>(buffer);
    uint16_t* bias = scale + groups;
    const std::byte* from = w.data + index * w.row_bytes;
    for (int64_t g = 0; g < groups; ++g) {
      if constexpr (kBias) {
        uint32_t both;
        std::memcpy(&both, from + g * kBlockBytes, sizeof(both));
        scale[g] = static_cast<uint16_t>(both);
        bias[g] = static_cast<uint16_t>(both >> 16);
      } else {
        std::memcpy(&scale[g], from + g * kBlockBytes, sizeof(uint16_t));
      }
    }
    return {WeightFormat::f16, buffer, reinterpret_cast<std::byte*>(bias)};
  }
};

struct Q40 : GgufBlocks<18, false> {
  HWY_INLINE Unit unit(const uint8_t* row, int64_t index) const {
    Unit unit = nibble_unit(row + index * kBlockBytes + 2);
    for (size_t i = 0; i < kUnitParts; ++i) {
      unit.part[i] = hn::Sub(unit.part[i], hn::Set(D16(), 8));
    }
    return unit;
  }
};

struct Q41 : GgufBlocks<20, true> {
  HWY_INLINE Unit unit(const uint8_t* row, int64_t index) const {
    return nibble_unit(row + index * kBlockBytes + 4);
  }
};

struct Q80 : GgufBlocks<34, false> {
  HWY_INLINE Unit unit(const uint8_t* row, int64_t index) const {
    const hn::Rebind<int8_t, D16> d8;
    const auto* from =
        reinterpret_cast<const int8_t*>(row + index * kBlockBytes + 2);
    Unit unit;
    for (size_t i = 0; i < kUnitParts; ++i) {
      unit.part[i] = hn::PromoteTo(D16(), hn::LoadU(d8, from + i * kShorts));
    }
    return unit;
  }
};

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
