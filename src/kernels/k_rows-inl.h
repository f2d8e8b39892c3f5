// SPDX-License-Identifier: MIT
// The table of GGUF's super-blocks with integers, one row each.
#if defined(BANTAM_KERNELS_K_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_K_ROWS_INL_H_
#undef BANTAM_KERNELS_K_ROWS_INL_H_
#else
#define BANTAM_KERNELS_K_ROWS_INL_H_
#endif

#include "kernels/blocks-inl.h"
#include "kernels/k_formats.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {

void KRows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const auto multiply = [&](auto block) HWY_ATTR {
    const Blocks<decltype(block)> format{task.w};
    multiply_rows(format, task, begin, end, scratch);
  };
  switch (task.w.format) {
    case WeightFormat::q2_k:
      return multiply(Q2K{});
    case WeightFormat::q3_k:
      return multiply(Q3K{});
    case WeightFormat::q4_k:
      return multiply(Q4K{});
    case WeightFormat::q5_k:
      return multiply(Q5K{});
    case WeightFormat::tq1_0:
      return multiply(Tq10{});
    case WeightFormat::tq2_0:
      return multiply(Tq20{});
    default:
      return multiply(Q6K{});
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
