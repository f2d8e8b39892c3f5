// SPDX-License-Identifier: MIT
// Highway, restricted to the targets that the kernels are written for. The
// numeric contract needs fused multiply-adds, so SSE targets are out; vectors
// are kept in arrays, so the sizeless ones of SVE are out too. Sources that
// set BANTAM_STATIC_TARGET are compiled for one target by the command line.
#pragma once

// Highway 1.0.3 takes the one-lane target instead of the 128-bit emulation with
// GCC before 12.3, because of a bug (PR 106322) in a 32-bit multiplication that
// the kernels do not use.
#define HWY_BROKEN_EMU128 0

// Numbers, because older versions of Highway lack some of the names.
#if defined(BANTAM_STATIC_TARGET)
#define HWY_COMPILE_ONLY_STATIC
#define BANTAM_TARGET N_AVX512VNNI
#elif defined(__x86_64__)
// SSE2, SSSE3, SSE4, and all above AVX3 (what they add is in own sources).
#define HWY_DISABLED_TARGETS \
  ((1LL << 14) | (1LL << 12) | (1LL << 11) | ((1LL << 8) - 1))
#elif defined(__aarch64__)
// SVE_256, SVE, SVE2, SVE2_128, and what lies above NEON in newer versions.
#define HWY_DISABLED_TARGETS ((1LL << 28) - 1)
#endif

// The namespace of code that is compiled once for each target.
#if !defined(BANTAM_TARGET)
#define BANTAM_TARGET HWY_NAMESPACE
#endif
