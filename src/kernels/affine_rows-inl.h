// SPDX-License-Identifier: MIT
// The table of MLX affine formats, by bits.
#if defined(BANTAM_KERNELS_AFFINE_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_AFFINE_ROWS_INL_H_
#undef BANTAM_KERNELS_AFFINE_ROWS_INL_H_
#else
#define BANTAM_KERNELS_AFFINE_ROWS_INL_H_
#endif

#include "kernels/affine_formats-inl.h"
#include "kernels/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {

void AffineRows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  switch (task.w.bits) {
    case 2:
      return multiply_rows(Affine<2>{task.w}, task, begin, end, scratch);
    case 3:
      return multiply_rows(Affine<3>{task.w}, task, begin, end, scratch);
    case 4:
      return multiply_rows(Affine<4>{task.w}, task, begin, end, scratch);
    case 5:
      return multiply_rows(Affine<5>{task.w}, task, begin, end, scratch);
    case 6:
      return multiply_rows(Affine<6>{task.w}, task, begin, end, scratch);
    default:
      return multiply_rows(Affine<8>{task.w}, task, begin, end, scratch);
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
