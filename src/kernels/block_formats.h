// SPDX-License-Identifier: MIT
// The block formats, each straight from its definition: where in a block the
// integers and the scales lie. Everything that reads weights is made from
// these: the dequantizer, the portable kernels, the test's contract. A weight
// is scale * q + bias in float32, one rounding after each operation.
//
// A format F brings
//   kValues, kBytes     values of a block and its bytes
//   kGroup              consecutive values that share a scale: 16 or 32
//   kBias               whether they share a bias too
//   kPlainHalves        whether a block is one group that begins with the
//                       scale as float16, then the bias if any
//   scales(block, scale, bias)   kValues / kGroup of each (bias if kBias)
//   integers(block, unit, q)     the 32 integers from 32 * unit on
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/half.h"

namespace bantam::kernels {

BANTAM_ALWAYS_INLINE uint16_t load_u16(const uint8_t* from) {
  uint16_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

BANTAM_ALWAYS_INLINE uint32_t load_u32(const uint8_t* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

BANTAM_ALWAYS_INLINE float load_half(const uint8_t* from) {
  return f16_to_f32(load_u16(from));
}

// Sixteen bytes: values 0 .. 15 in the low nibbles, 16 .. 31 in the high ones.
BANTAM_ALWAYS_INLINE void split_nibbles(const uint8_t* from, int8_t* q) {
  for (int i = 0; i < 16; ++i) {
    q[i] = static_cast<int8_t>(from[i] & 15);
    q[i + 16] = static_cast<int8_t>(from[i] >> 4);
  }
}

// The 4-bit floats of MXFP4 and NVFP4 (e2m1), doubled to be integers.
alignas(16) inline constexpr int8_t kFloat4[16] =
    {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// What IQ4_NL and IQ4_XS pick from.
alignas(16) inline constexpr int8_t kNonlinear4[16] =
    {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

BANTAM_ALWAYS_INLINE void split_nibbles_through(
    const int8_t* table,
    const uint8_t* from,
    int8_t* q) {
  for (int i = 0; i < 16; ++i) {
    q[i] = table[from[i] & 15];
    q[i + 16] = table[from[i] >> 4];
  }
}

// 2^(e - 128): half of an e8m0 scale, because kFloat4 is doubled.
BANTAM_ALWAYS_INLINE float half_e8m0(uint8_t e) {
  return std::bit_cast<float>(
      e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23);
}

// f16 d, 16 bytes of nibbles: d * (q - 8).
struct Q40 {
  static constexpr int kValues = 32, kBytes = 18, kGroup = 32;
  static constexpr bool kBias = false;
  static constexpr bool kPlainHalves = true;
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    scale[0] = load_half(block);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int /*unit*/,
      int8_t* q) {
    split_nibbles(block + 2, q);
    for (int i = 0; i < 32; ++i) {
      q[i] = static_cast<int8_t>(q[i] - 8);
    }
  }
};

// f16 d, f16 m, 16 bytes of nibbles: d * q + m.
struct Q41 {
  static constexpr int kValues = 32, kBytes = 20, kGroup = 32;
  static constexpr bool kBias = true;
  static constexpr bool kPlainHalves = true;
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* bias) {
    scale[0] = load_half(block);
    bias[0] = load_half(block + 2);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int /*unit*/,
      int8_t* q) {
    split_nibbles(block + 4, q);
  }
};

// Fifth bits: bit i of 32 belongs to value i.
BANTAM_ALWAYS_INLINE void add_fifth_bits(
    const uint8_t* bits,
    int offset,
    int8_t* q) {
  for (int i = 0; i < 32; ++i) {
    const int high = bits[i / 8] >> (i % 8) & 1;
    q[i] = static_cast<int8_t>(q[i] + 16 * high - offset);
  }
}

// f16 d, 4 bytes of fifth bits, 16 bytes of nibbles: d * (q - 16).
struct Q50 {
  static constexpr int kValues = 32, kBytes = 22, kGroup = 32;
  static constexpr bool kBias = false;
  static constexpr bool kPlainHalves = true;
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    scale[0] = load_half(block);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int /*unit*/,
      int8_t* q) {
    split_nibbles(block + 6, q);
    add_fifth_bits(block + 2, 16, q);
  }
};

// f16 d, f16 m, 4 bytes of fifth bits, 16 bytes of nibbles: d * q + m.
struct Q51 {
  static constexpr int kValues = 32, kBytes = 24, kGroup = 32;
  static constexpr bool kBias = true;
  static constexpr bool kPlainHalves = true;
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* bias) {
    scale[0] = load_half(block);
    bias[0] = load_half(block + 2);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int /*unit*/,
      int8_t* q) {
    split_nibbles(block + 8, q);
    add_fifth_bits(block + 4, 0, q);
  }
};

// f16 d, 32 int8: d * q.
struct Q80 {
  static constexpr int kValues = 32, kBytes = 34, kGroup = 32;
  static constexpr bool kBias = false;
  static constexpr bool kPlainHalves = true;
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    scale[0] = load_half(block);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int /*unit*/,
      int8_t* q) {
    std::memcpy(q, block + 2, 32);
  }
};

// f16 d, 16 bytes of nibbles: d * kNonlinear4[q].
struct Iq4Nl {
  static constexpr int kValues = 32, kBytes = 18, kGroup = 32;
  static constexpr bool kBias = false;
  static constexpr bool kPlainHalves = true;
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    scale[0] = load_half(block);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int /*unit*/,
      int8_t* q) {
    split_nibbles_through(kNonlinear4, block + 2, q);
  }
};

// e8m0 scale, 16 bytes of nibbles, e2m1.
struct Mxfp4 {
  static constexpr int kValues = 32, kBytes = 17, kGroup = 32;
  static constexpr bool kBias = false;
  static constexpr bool kPlainHalves = false;
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    scale[0] = half_e8m0(block[0]);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int /*unit*/,
      int8_t* q) {
    split_nibbles_through(kFloat4, block + 1, q);
  }
};

// Four e4m3 scales without sign, then for each 8 bytes of 16 e2m1 values.
struct Nvfp4 {
  static constexpr int kValues = 64, kBytes = 36, kGroup = 16;
  static constexpr bool kBias = false;
  static constexpr bool kPlainHalves = false;
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    for (int i = 0; i < 4; ++i) {
      const uint8_t e = block[i];
      // The format's writers know no NaN: 0x7F is zero.
      scale[i] = e == 0x7F ? 0.0f : 0.5f * e4m3_magnitude(e);
    }
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    const uint8_t* from = block + 4 + 16 * unit;
    for (int i = 0; i < 8; ++i) {
      q[i] = kFloat4[from[i] & 15];
      q[i + 8] = kFloat4[from[i] >> 4];
      q[i + 16] = kFloat4[from[i + 8] & 15];
      q[i + 24] = kFloat4[from[i + 8] >> 4];
    }
  }
};

}  // namespace bantam::kernels
