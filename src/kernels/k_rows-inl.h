// SPDX-License-Identifier: MIT
// Products with GGUF's super-blocks with integers, for each target.
#if defined(BANTAM_KERNELS_K_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_K_ROWS_INL_H_
#undef BANTAM_KERNELS_K_ROWS_INL_H_
#else
#define BANTAM_KERNELS_K_ROWS_INL_H_
#endif

#include "kernels/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {

void KRows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  multiply_blocks(KBlocks(), task, begin, end, scratch);
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
