// SPDX-License-Identifier: MIT
// The table of GGUF's small blocks, one row each.
#if defined(BANTAM_KERNELS_GGUF_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_GGUF_ROWS_INL_H_
#undef BANTAM_KERNELS_GGUF_ROWS_INL_H_
#else
#define BANTAM_KERNELS_GGUF_ROWS_INL_H_
#endif

#include "kernels/block_formats.h"
#include "kernels/blocks-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {

void GgufRows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const auto multiply = [&](auto block) HWY_ATTR {
    const Blocks<decltype(block)> format{task.w};
    multiply_rows(format, task, begin, end, scratch);
  };
  switch (task.w.format) {
    case WeightFormat::q4_0:
      return multiply(Q40{});
    case WeightFormat::q4_1:
      return multiply(Q41{});
    case WeightFormat::q5_0:
      return multiply(Q50{});
    case WeightFormat::q5_1:
      return multiply(Q51{});
    case WeightFormat::iq4_nl:
      return multiply(Iq4Nl{});
    case WeightFormat::mxfp4:
      return multiply(Mxfp4{});
    case WeightFormat::nvfp4:
      return multiply(Nvfp4{});
    default:
      return multiply(Q80{});
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
