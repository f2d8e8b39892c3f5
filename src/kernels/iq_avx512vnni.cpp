// SPDX-License-Identifier: MIT
// Products with GGUF's look-up formats by AVX-512 VNNI dot products, which
// Highway 1.0.3 lacks. Compiled with flags of its own: call only where
// use_avx512vnni() holds, and let nothing shared be instantiated here.
#define BANTAM_STATIC_TARGET
#include "kernels/highway.h"
// The target is set before.
#include "kernels/iq_planes_avx512vnni.h"
#include "kernels/iq_rows-inl.h"

namespace bantam::kernels {

void iq_rows_avx512vnni(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  using namespace BANTAM_TARGET;
  if (task.x.in_quads()) {
    return IqRows(task, begin, end, scratch);
  }
  switch (task.w.format) {
    case WeightFormat::iq2_xxs:
      return plane_rows(
          GridPlanes<Iq2XxsGrid>{task.w}, task, begin, end, scratch);
    case WeightFormat::iq2_xs:
      return plane_rows(
          GridPlanes<Iq2XsGrid>{task.w}, task, begin, end, scratch);
    case WeightFormat::iq2_s:
      return plane_rows(
          GridPlanes<Iq2SGrid>{task.w}, task, begin, end, scratch);
    case WeightFormat::iq3_s:
      return plane_rows(
          GridPlanes<Iq3SGrid>{task.w}, task, begin, end, scratch);
    case WeightFormat::iq3_xxs:
      return plane_rows(Iq3XxsPlanes{task.w}, task, begin, end, scratch);
    case WeightFormat::iq4_xs:
      return plane_rows(Iq4XsPlanes{task.w}, task, begin, end, scratch);
    default:
      return IqRows(task, begin, end, scratch);
  }
}

}  // namespace bantam::kernels
