// SPDX-License-Identifier: MIT
// A block format (block_formats.h) in the form that matvec-inl.h and
// gemm-inl.h read: its rows as units of 32 16-bit integers, its scales as
// floats.
#if defined(BANTAM_KERNELS_BLOCKS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_BLOCKS_INL_H_
#undef BANTAM_KERNELS_BLOCKS_INL_H_
#else
#define BANTAM_KERNELS_BLOCKS_INL_H_
#endif

#include "kernels/block_format_list.h"
#include "kernels/block_units-inl.h"
#include "kernels/gemm-inl.h"
#include "kernels/matvec-inl.h"
#include "kernels/row_scales.h"
#include "kernels/superblock_rows-inl.h"
#include "kernels/units-inl.h"
#include "kernels/weight_matrix.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

template <class F>
struct Blocks {
  static constexpr bool kBias = F::kBias;
  static constexpr int64_t kFixedGroup = F::kGroup;
  static constexpr int64_t kBlockGroups = F::kValues / F::kGroup;

  const WeightMatrix& w;

  const uint8_t* row(int64_t index, uint8_t* /*copy*/) const {
    return reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  // Collects the row's scales in `buffer`, which stays L1-resident.
  RowScales scales(int64_t index, std::byte* buffer) const {
    const int64_t groups = w.cols / F::kGroup;
    const uint8_t* block = row(index, nullptr);
    if constexpr (F::kPlainHalves) {
      auto* scale = reinterpret_cast<uint16_t*>(buffer);
      uint16_t* bias = scale + groups;
      for (int64_t g = 0; g < groups; ++g, block += F::kBytes) {
        scale[g] = load_u16(block);
        if constexpr (kBias) {
          bias[g] = load_u16(block + 2);
        }
      }
      return {WeightFormat::f16, buffer, reinterpret_cast<std::byte*>(bias)};
    } else {
      auto* scale = reinterpret_cast<float*>(buffer);
      float* bias = scale + groups;
      for (int64_t g = 0; g < groups; g += kBlockGroups, block += F::kBytes) {
        put_scales(F(), block, scale + g, bias + g);
      }
      return {WeightFormat::f32, buffer, reinterpret_cast<std::byte*>(bias)};
    }
  }

  using Vector = BlockUnits<F, Order::natural>;
  static constexpr int kOffset = Vector::kOffset;
  static constexpr int64_t kUnits = F::kValues / kUnit;
  static constexpr int64_t kBlockUnits = Vector::kVector ? kUnits : 1;

  // kBlockUnits units: a block unpacked by vectors, or a single unit.
  HWY_INLINE auto block(const uint8_t* row, int64_t index) const {
    if constexpr (Vector::kVector) {
      return Vector(row + index * F::kBytes);
    } else {
      return OneUnit(small_unit(
          F(),
          row + index / kUnits * F::kBytes,
          static_cast<int>(index % kUnits)));
    }
  }
};

// Rows of a product with a matrix in format F.
template <class F>
void multiply_rows(
    const F& format,
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  if (task.x.in_quads()) {
    gemm_rows(format, task, begin, end, scratch);
  } else {
    matvec_rows(format, task, begin, end, scratch);
  }
}

template <class F>
void multiply_rows(
    const Blocks<F>& format,
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  if (task.x.in_quads()) {
    gemm_rows(format, task, begin, end, scratch);
  } else if constexpr (Blocks<F>::Vector::kVector) {
    super_block_rows<F>(task, begin, end, scratch);
  } else {
    matvec_rows(format, task, begin, end, scratch);
  }
}

// Rows of a product with a matrix in one of the formats of a list.
template <class List>
HWY_INLINE void multiply_blocks(
    List list,
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  with_format_of(list, task.w.format, [&](auto block) HWY_ATTR {
    multiply_rows(Blocks<decltype(block)>{task.w}, task, begin, end, scratch);
  });
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
