// SPDX-License-Identifier: MIT
// Rows of any length, sixteen floats at a time, the last ones fewer.
#if defined(BANTAM_KERNELS_PARTIAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_PARTIAL_INL_H_
#undef BANTAM_KERNELS_PARTIAL_INL_H_
#else
#define BANTAM_KERNELS_PARTIAL_INL_H_
#endif

#include <cstring>

#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {

// The first `count` of sixteen floats, then zeros; nothing past them is read.
HWY_INLINE Lanes16 load16_partial(const float* from, size_t count) {
  if (count == 16) {
    return load16(from);
  }
  HWY_ALIGN float lanes[16] = {};
  std::memcpy(lanes, from, count * sizeof(float));
  return load16(lanes);
}

HWY_INLINE void store16_partial(const Lanes16& v, float* to, size_t count) {
  if (count == 16) {
    store16(v, to);
    return;
  }
  HWY_ALIGN float lanes[16];
  store16(v, lanes);
  std::memcpy(to, lanes, count * sizeof(float));
}

// body(k, count): k = 0, 16, ... and count = 16, or what is left at the end.
template <class Body>
HWY_INLINE void for_each16(int64_t n, const Body& body) {
  int64_t k = 0;
  for (; k + 16 <= n; k += 16) {
    body(k, size_t{16});
  }
  if (k < n) {
    body(k, static_cast<size_t>(n - k));
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
