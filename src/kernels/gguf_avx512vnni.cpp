// SPDX-License-Identifier: MIT
// Products with GGUF's blocks of 32 by AVX-512 VNNI dot products, which
// Highway 1.0.3 lacks. Compiled with flags of its own: call only where
// use_avx512vnni() holds, and let nothing shared be instantiated here.
#define BANTAM_STATIC_TARGET
#include "kernels/highway.h"
// The target is set before.
#include "kernels/gguf_planes_avx512vnni.h"
#include "kernels/gguf_rows-inl.h"

namespace bantam::kernels {

void gguf_rows_avx512vnni(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  using namespace BANTAM_TARGET;
  if (task.x.in_quads()) {
    return GgufRows(task, begin, end, scratch);
  }
  switch (task.w.format) {
    case WeightFormat::q4_0:
      return plane_rows(
          SmallPlanes<Q40Bytes>{task.w}, task, begin, end, scratch);
    case WeightFormat::q4_1:
      return plane_rows(Q41Planes{task.w}, task, begin, end, scratch);
    case WeightFormat::q5_0:
      return plane_rows(
          SmallPlanes<Q5Bytes<false>>{task.w}, task, begin, end, scratch);
    case WeightFormat::q5_1:
      return plane_rows(
          SmallPlanes<Q5Bytes<true>>{task.w}, task, begin, end, scratch);
    case WeightFormat::iq4_nl:
      return plane_rows(
          SmallPlanes<Iq4NlBytes>{task.w}, task, begin, end, scratch);
    case WeightFormat::mxfp4:
      return plane_rows(
          SmallPlanes<Mxfp4Bytes>{task.w}, task, begin, end, scratch);
    case WeightFormat::q8_0:
      return plane_rows(Q80Words{task.w}, task, begin, end, scratch);
    default:
      return GgufRows(task, begin, end, scratch);
  }
}

}  // namespace bantam::kernels
