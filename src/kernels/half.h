// SPDX-License-Identifier: MIT
// 16-bit floats as plain integers, converted exactly: the slow way for odd
// corners and for targets without the instruction; same bits as the fast way.
#pragma once

#include <bit>
#include <cstdint>

namespace bantam::kernels {

// Sources compiled for newer processors must not leave a copy for the linker.
#define BANTAM_ALWAYS_INLINE inline __attribute__((always_inline))

BANTAM_ALWAYS_INLINE float f16_to_f32(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t exponent = (half >> 10) & 0x1F;
  const uint32_t mantissa = half & 0x3FF;
  if (exponent == 0) {  // zero or subnormal: mantissa x 2^-24, exact
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  if (exponent == 31) {  // hardware makes signalling NaNs quiet
    const uint32_t quiet = mantissa != 0 ? 0x400000 : 0;
    return std::bit_cast<float>(sign | 0x7F800000 | quiet | mantissa << 13);
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

/// Round to nearest, ties to even; overflow gives infinity.
BANTAM_ALWAYS_INLINE uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) {  // NaN, made quiet
    return static_cast<uint16_t>(sign | 0x7E00 | ((magnitude >> 13) & 0x3FF));
  }
  if (magnitude >= 0x477FF000) {  // rounds to 2^16 or more
    return static_cast<uint16_t>(sign | 0x7C00);
  }
  if (magnitude < 0x38800000) {
    // Subnormal: 0.5f has the unit in the last place that a half's smallest
    // step needs, so the adder does the rounding.
    const float sum = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(
        sign | (std::bit_cast<uint32_t>(sum) - 0x3F000000));
  }
  const uint32_t odd = (magnitude >> 13) & 1;
  return static_cast<uint16_t>(
      sign | ((magnitude - 0x38000000 + 0xFFF + odd) >> 13));
}

/// Seven bits of the 8-bit float e4m3 as what they would be without NaN.
BANTAM_ALWAYS_INLINE float e4m3_magnitude(uint8_t bits) {
  return f16_to_f32(static_cast<uint16_t>((bits & 0x7F) << 7)) * 256.0f;
}

/// The 8-bit float e4m3; no infinities, and 0x7F is NaN.
BANTAM_ALWAYS_INLINE float e4m3_to_f32(uint8_t bits) {
  const float magnitude = (bits & 0x7F) == 0x7F
      ? std::bit_cast<float>(0x7FC00000)
      : e4m3_magnitude(bits);
  return (bits & 0x80) != 0 ? -magnitude : magnitude;
}

/// 2^(e - 127): the scale e8m0. As MLX does, 255 is infinity.
BANTAM_ALWAYS_INLINE float e8m0_to_f32(uint8_t e) {
  return std::bit_cast<float>(
      e == 0 ? 0x00400000u : static_cast<uint32_t>(e) << 23);
}

BANTAM_ALWAYS_INLINE float bf16_to_f32(uint16_t half) {
  return std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}

}  // namespace bantam::kernels
