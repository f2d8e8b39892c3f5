// SPDX-License-Identifier: MIT
// Products with MLX's 4-bit floats.
#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/microscaled_matmul.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include "kernels/microscaled_rows-inl.h"

#if HWY_ONCE
namespace bantam::kernels {

namespace {
HWY_EXPORT(MicroscaledRows);
}

void microscaled_rows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  HWY_DYNAMIC_DISPATCH(MicroscaledRows)(task, begin, end, scratch);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
