// SPDX-License-Identifier: MIT
// The table of GGUF's look-up formats, one row each.
#if defined(BANTAM_KERNELS_IQ_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_IQ_ROWS_INL_H_
#undef BANTAM_KERNELS_IQ_ROWS_INL_H_
#else
#define BANTAM_KERNELS_IQ_ROWS_INL_H_
#endif

#include "kernels/blocks-inl.h"
#include "kernels/iq_formats.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {

void IqRows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const auto multiply = [&](auto block) HWY_ATTR {
    const Blocks<decltype(block)> format{task.w};
    multiply_rows(format, task, begin, end, scratch);
  };
  switch (task.w.format) {
    case WeightFormat::iq1_s:
      return multiply(Iq1S{});
    case WeightFormat::iq1_m:
      return multiply(Iq1M{});
    case WeightFormat::iq2_xxs:
      return multiply(Iq2Xxs{});
    case WeightFormat::iq2_xs:
      return multiply(Iq2Xs{});
    case WeightFormat::iq2_s:
      return multiply(Iq2S{});
    case WeightFormat::iq3_xxs:
      return multiply(Iq3Xxs{});
    case WeightFormat::iq3_s:
      return multiply(Iq3S{});
    default:
      return multiply(Iq4Xs{});
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
