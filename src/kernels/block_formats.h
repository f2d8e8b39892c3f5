// SPDX-License-Identifier: MIT
// The block formats, each straight from its definition: where in a block the
// integers and the scales lie. Everything that reads weights is made from
// these: the dequantizer, the portable kernels, the test's contract. A weight
// is scale * q + bias in float32, one rounding after each operation.
//
// A format F is a BlockFormat that brings
//   scales(block, scale, bias)   kValues / kGroup of each (bias if kBias)
//   integers(block, unit, q)     the 32 integers from 32 * unit on
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/half.h"
#include "kernels/weight_matrix.h"

namespace bantam::kernels {

struct BlockLayout {
  WeightFormat format;
  int values;         // of a block
  int bytes;          // of a block
  int group;          // consecutive values that share a scale: 16 or 32
  bool bias = false;  // whether they share a bias too
  // Whether a block is one group that begins with the scale as float16, then
  // the bias if any.
  bool plain_halves = false;
};

template <BlockLayout kLayout>
struct BlockFormat {
  static constexpr WeightFormat kFormat = kLayout.format;
  static constexpr int kValues = kLayout.values;
  static constexpr int kBytes = kLayout.bytes;
  static constexpr int kGroup = kLayout.group;
  static constexpr bool kBias = kLayout.bias;
  static constexpr bool kPlainHalves = kLayout.plain_halves;
};

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
struct Q40 : BlockFormat<BlockLayout{
                 .format = WeightFormat::q4_0,
                 .values = 32,
                 .bytes = 18,
                 .group = 32,
                 .plain_halves = true}> {
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
struct Q41 : BlockFormat<BlockLayout{
                 .format = WeightFormat::q4_1,
                 .values = 32,
                 .bytes = 20,
                 .group = 32,
                 .bias = true,
                 .plain_halves = true}> {
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
struct Q50 : BlockFormat<BlockLayout{
                 .format = WeightFormat::q5_0,
                 .values = 32,
                 .bytes = 22,
                 .group = 32,
                 .plain_halves = true}> {
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
struct Q51 : BlockFormat<BlockLayout{
                 .format = WeightFormat::q5_1,
                 .values = 32,
                 .bytes = 24,
                 .group = 32,
                 .bias = true,
                 .plain_halves = true}> {
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
struct Q80 : BlockFormat<BlockLayout{
                 .format = WeightFormat::q8_0,
                 .values = 32,
                 .bytes = 34,
                 .group = 32,
                 .plain_halves = true}> {
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
struct Iq4Nl : BlockFormat<BlockLayout{
                   .format = WeightFormat::iq4_nl,
                   .values = 32,
                   .bytes = 18,
                   .group = 32,
                   .plain_halves = true}> {
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
struct Mxfp4 : BlockFormat<BlockLayout{
                   .format = WeightFormat::mxfp4,
                   .values = 32,
                   .bytes = 17,
                   .group = 32}> {
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
struct Nvfp4 : BlockFormat<BlockLayout{
                   .format = WeightFormat::nvfp4,
                   .values = 64,
                   .bytes = 36,
                   .group = 16}> {
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
