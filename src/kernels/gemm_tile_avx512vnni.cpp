// SPDX-License-Identifier: MIT
// The tiles of matrix-matrix products by AVX-512 VNNI dot products, which
// Highway 1.0.3 lacks. Compiled with flags of its own: call only where
// use_avx512vnni() holds, and let nothing shared be instantiated here.
#define BANTAM_STATIC_TARGET
#include "kernels/highway.h"
// The target is set before.
#include "kernels/gemm_tile-inl.h"
