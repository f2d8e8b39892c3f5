// SPDX-License-Identifier: MIT
// Products with GGUF's super-blocks by AVX-512 VNNI dot products, which
// Highway 1.0.3 lacks. Compiled with flags of its own: call only where
// use_avx512vnni() holds, and let nothing shared be instantiated here.
#define BANTAM_STATIC_TARGET
#include "kernels/highway.h"
// The target is set before.
#include "kernels/k_lanes_avx512vnni.h"
#include "kernels/k_planes_avx512vnni.h"
#include "kernels/k_rows-inl.h"

namespace bantam::kernels {

void k_rows_avx512vnni(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  using namespace BANTAM_TARGET;
  if (task.x.in_quads()) {
    return KRows(task, begin, end, scratch);
  }
  switch (task.w.format) {
    case WeightFormat::q2_k:
      return plane_rows(
          SixteenPlanes<Q2KBytes>{task.w}, task, begin, end, scratch);
    case WeightFormat::q3_k:
      return lane_rows(Q3KLanes(), task, begin, end, scratch);
    case WeightFormat::q4_k:
      return lane_rows(Q4KLanes(), task, begin, end, scratch);
    case WeightFormat::q5_k:
      return plane_rows(Q5KPlanes{task.w}, task, begin, end, scratch);
    case WeightFormat::q6_k:
      return plane_rows(
          SixteenPlanes<Q6KBytes>{task.w}, task, begin, end, scratch);
    default:
      return KRows(task, begin, end, scratch);
  }
}

}  // namespace bantam::kernels
