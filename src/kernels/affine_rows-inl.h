// SPDX-License-Identifier: MIT
// The table of MLX affine formats, by bits.
#if defined(BANTAM_KERNELS_AFFINE_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_AFFINE_ROWS_INL_H_
#undef BANTAM_KERNELS_AFFINE_ROWS_INL_H_
#else
#define BANTAM_KERNELS_AFFINE_ROWS_INL_H_
#endif

#include "kernels/affine_formats-inl.h"
#include "kernels/gemm-inl.h"
#include "kernels/matvec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {

template <int kBits>
void affine_format_rows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const Affine<kBits> format{task.w};
  if (task.x.in_quads()) {
    gemm_rows(format, task, begin, end, scratch);
  } else {
    matvec_rows(format, task, begin, end, scratch);
  }
}

void AffineRows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  switch (task.w.bits) {
    case 2:
      return affine_format_rows<2>(task, begin, end, scratch);
    case 3:
      return affine_format_rows<3>(task, begin, end, scratch);
    case 4:
      return affine_format_rows<4>(task, begin, end, scratch);
    case 5:
      return affine_format_rows<5>(task, begin, end, scratch);
    case 6:
      return affine_format_rows<6>(task, begin, end, scratch);
    default:
      return affine_format_rows<8>(task, begin, end, scratch);
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
