// SPDX-License-Identifier: MIT
#include "kernels/finite.h"

#include <bit>

namespace bantam::kernels {

bool all_finite(const float* values, int64_t n) {
  // As integers, in a loop that compilers turn into vector instructions.
  constexpr uint32_t kInfinity = 0x7F800000;
  uint32_t found = 0;
  for (int64_t i = 0; i < n; ++i) {
    const uint32_t exponent = std::bit_cast<uint32_t>(values[i]) & kInfinity;
    found |= static_cast<uint32_t>(exponent == kInfinity);
  }
  return found == 0;
}

}  // namespace bantam::kernels
