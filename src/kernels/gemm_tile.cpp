// SPDX-License-Identifier: MIT
// The tiles of matrix-matrix products, for every target.
#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_tile.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include "kernels/gemm_tile-inl.h"
