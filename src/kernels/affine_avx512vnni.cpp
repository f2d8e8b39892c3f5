// SPDX-License-Identifier: MIT
// Products with MLX affine weights by AVX-512 VNNI dot products, which
// Highway 1.0.3 lacks. Compiled with flags of its own: call only where
// use_avx512vnni() holds, and let nothing shared be instantiated here.
#define BANTAM_STATIC_TARGET
#include "kernels/highway.h"
// The target is set before.
#include "kernels/affine_planes_avx512vnni.h"
#include "kernels/affine_rows-inl.h"

namespace bantam::kernels {

namespace BANTAM_TARGET {

template <int kBits>
void affine_plane_rows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  switch (task.w.group) {
    case 32:
      return plane_rows(
          AffinePlanes<kBits, 32>{task.w}, task, begin, end, scratch);
    case 64:
      return plane_rows(
          AffinePlanes<kBits, 64>{task.w}, task, begin, end, scratch);
    default:
      return plane_rows(
          AffinePlanes<kBits, 128>{task.w}, task, begin, end, scratch);
  }
}

}  // namespace BANTAM_TARGET

void affine_rows_avx512vnni(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  using namespace BANTAM_TARGET;
  if (task.x.in_quads()) {
    return AffineRows(task, begin, end, scratch);
  }
  switch (task.w.bits) {
    case 2:
      return affine_plane_rows<2>(task, begin, end, scratch);
    case 3:
      return affine_plane_rows<3>(task, begin, end, scratch);
    case 4:
      return affine_plane_rows<4>(task, begin, end, scratch);
    case 5:
      return affine_plane_rows<5>(task, begin, end, scratch);
    case 6:
      return affine_plane_rows<6>(task, begin, end, scratch);
    default:
      return affine_plane_rows<8>(task, begin, end, scratch);
  }
}

}  // namespace bantam::kernels
