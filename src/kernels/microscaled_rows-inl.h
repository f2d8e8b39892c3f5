// SPDX-License-Identifier: MIT
// Products with MLX's 4-bit floats, for each target: nibbles in the order of
// affine 4-bit weights, each group's scale a byte in a tensor of its own.
#if defined(BANTAM_KERNELS_MICROSCALED_ROWS_INL_H_) == \
    defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_MICROSCALED_ROWS_INL_H_
#undef BANTAM_KERNELS_MICROSCALED_ROWS_INL_H_
#else
#define BANTAM_KERNELS_MICROSCALED_ROWS_INL_H_
#endif

#include "kernels/affine_formats-inl.h"
#include "kernels/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

template <int kGroup>
struct Microscaled {
  static constexpr bool kBias = false;
  static constexpr int64_t kFixedGroup = kGroup;
  static constexpr int64_t kBlockUnits = 1;
  static constexpr int kOffset = 0;

  const WeightMatrix& w;

  const uint8_t* row(int64_t index, uint8_t* copy) const {
    return Affine<4>{w}.row(index, copy);
  }

  RowScales scales(int64_t index, std::byte* buffer) const {
    const int64_t groups = w.cols / kGroup;
    auto* scale = reinterpret_cast<float*>(buffer);
    const auto* from =
        reinterpret_cast<const uint8_t*>(w.scales) + index * groups;
    for (int64_t g = 0; g < groups; ++g) {
      // Half, because kFloat4 is doubled.
      scale[g] =
          0.5f * (kGroup == 16 ? e4m3_to_f32(from[g]) : e8m0_to_f32(from[g]));
    }
    return {WeightFormat::f32, buffer, nullptr};
  }

  HWY_INLINE OneUnit block(const uint8_t* row, int64_t index) const {
    return {unit(row, index)};
  }

  // Magnitudes come from a table of bytes; the fourth bit is the sign.
  HWY_INLINE Unit unit(const uint8_t* row, int64_t index) const {
    const hn::Repartition<int8_t, D16> d8;
    const auto table = hn::LoadDup128(d8, kFloat4);
    Unit unit = Affine<4>{w}.unit(row, index);
    for (size_t i = 0; i < kUnitParts; ++i) {
      // The upper byte of a lane is zero and fetches entry 0, which is 0; the
      // shifts spread the lower one's sign.
      const auto bytes = hn::BitCast(d8, unit.part[i]);
      const V16 looked = hn::BitCast(D16(), hn::TableLookupBytes(table, bytes));
      unit.part[i] = hn::ShiftRight<8>(hn::ShiftLeft<8>(looked));
    }
    return unit;
  }
};

void MicroscaledRows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  if (task.w.format == WeightFormat::mlx_nvfp4) {
    return multiply_rows(Microscaled<16>{task.w}, task, begin, end, scratch);
  }
  return multiply_rows(Microscaled<32>{task.w}, task, begin, end, scratch);
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
