// SPDX-License-Identifier: MIT
// The table of GGUF formats: one row each.
#if defined(BANTAM_KERNELS_GGUF_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_GGUF_ROWS_INL_H_
#undef BANTAM_KERNELS_GGUF_ROWS_INL_H_
#else
#define BANTAM_KERNELS_GGUF_ROWS_INL_H_
#endif

#include "kernels/gemm-inl.h"
#include "kernels/gguf_formats-inl.h"
#include "kernels/matvec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {

template <class F>
void gguf_format_rows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const F format{{task.w}};
  if (task.x.in_quads()) {
    gemm_rows(format, task, begin, end, scratch);
  } else {
    matvec_rows(format, task, begin, end, scratch);
  }
}

void GgufRows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  switch (task.w.format) {
    case WeightFormat::q4_0:
      return gguf_format_rows<Q40>(task, begin, end, scratch);
    case WeightFormat::q4_1:
      return gguf_format_rows<Q41>(task, begin, end, scratch);
    default:
      return gguf_format_rows<Q80>(task, begin, end, scratch);
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
