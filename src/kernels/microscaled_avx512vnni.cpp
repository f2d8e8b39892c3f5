// SPDX-License-Identifier: MIT
// Products with MLX's 4-bit floats by AVX-512 VNNI dot products, which Highway
// 1.0.3 lacks. Compiled with flags of its own: call only where use_avx512vnni()
// holds, and let nothing shared be instantiated here.
#define BANTAM_STATIC_TARGET
#include "kernels/highway.h"
// The target is set before.
#include "kernels/microscaled_rows-inl.h"

namespace bantam::kernels {

void microscaled_rows_avx512vnni(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  BANTAM_TARGET::MicroscaledRows(task, begin, end, scratch);
}

}  // namespace bantam::kernels
