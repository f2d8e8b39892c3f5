// SPDX-License-Identifier: MIT
// GGUF's super-blocks of 256: the K-quants, whose groups of 16 or 32 have
// small integer scales of their own, and the ternary formats. See
// block_formats.h for what each brings.
#pragma once

#include "kernels/block_formats.h"

namespace bantam::kernels {

// 16 bytes of scales (low nibble) and minima (high), 64 bytes of 2-bit values,
// f16 d, f16 dmin: (d * scale) * q - dmin * minimum.
struct Q2K : BlockFormat<BlockLayout{
                 .format = WeightFormat::q2_k,
                 .values = 256,
                 .bytes = 84,
                 .group = 16,
                 .bias = true}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* bias) {
    const float d = load_half(block + 80);
    const float dmin = load_half(block + 82);
    for (int i = 0; i < 16; ++i) {
      scale[i] = d * static_cast<float>(block[i] & 15);
      bias[i] = -(dmin * static_cast<float>(block[i] >> 4));
    }
  }
  // 32 bytes hold units 0 .. 3 in their pairs of bits, lowest first.
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    const uint8_t* from = block + 16 + unit / 4 * 32;
    for (int i = 0; i < 32; ++i) {
      q[i] = static_cast<int8_t>(from[i] >> (2 * (unit % 4)) & 3);
    }
  }
};

// 32 bytes of third bits, 64 bytes of 2-bit values, 12 bytes of 6-bit scales,
// f16 d: (d * (scale - 32)) * (q - 4).
struct Q3K : BlockFormat<BlockLayout{
                 .format = WeightFormat::q3_k,
                 .values = 256,
                 .bytes = 110,
                 .group = 16}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    const float d = load_half(block + 108);
    const uint8_t* bits = block + 96;
    for (int i = 0; i < 16; ++i) {
      const int low = bits[i % 8] >> (i / 8 * 4) & 15;
      const int high = bits[8 + i % 4] >> (i / 4 * 2) & 3;
      scale[i] = d * static_cast<float>((low | high << 4) - 32);
    }
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    const uint8_t* low = block + 32 + unit / 4 * 32;
    for (int i = 0; i < 32; ++i) {
      const int value =
          (low[i] >> (2 * (unit % 4)) & 3) | (block[i] >> unit & 1) << 2;
      q[i] = static_cast<int8_t>(value - 4);
    }
  }
};

// Eight 6-bit scales and minima in 12 bytes, of Q4_K and Q5_K.
BANTAM_ALWAYS_INLINE void k_scales_and_minima(
    const uint8_t* block,
    float* scale,
    float* bias) {
  const float d = load_half(block);
  const float dmin = load_half(block + 2);
  const uint8_t* bits = block + 4;
  for (int i = 0; i < 4; ++i) {
    const int scale_high = (bits[8 + i] & 15) | (bits[i] >> 6) << 4;
    const int minimum_high = bits[8 + i] >> 4 | (bits[4 + i] >> 6) << 4;
    scale[i] = d * static_cast<float>(bits[i] & 63);
    scale[i + 4] = d * static_cast<float>(scale_high);
    bias[i] = -(dmin * static_cast<float>(bits[4 + i] & 63));
    bias[i + 4] = -(dmin * static_cast<float>(minimum_high));
  }
}

// 32 bytes hold unit 2i in their low nibbles, 2i + 1 in their high ones.
BANTAM_ALWAYS_INLINE void k_nibbles(const uint8_t* from, int unit, int8_t* q) {
  for (int i = 0; i < 32; ++i) {
    const int byte = from[unit / 2 * 32 + i];
    q[i] = static_cast<int8_t>(byte >> (unit % 2 * 4) & 15);
  }
}

// f16 d, f16 dmin, 12 bytes of scales and minima, 128 bytes of nibbles:
// (d * scale) * q - dmin * minimum.
struct Q4K : BlockFormat<BlockLayout{
                 .format = WeightFormat::q4_k,
                 .values = 256,
                 .bytes = 144,
                 .group = 32,
                 .bias = true}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* bias) {
    k_scales_and_minima(block, scale, bias);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    k_nibbles(block + 16, unit, q);
  }
};

// The same with 32 bytes of fifth bits before the nibbles: bit u of byte i
// belongs to value i of unit u.
struct Q5K : BlockFormat<BlockLayout{
                 .format = WeightFormat::q5_k,
                 .values = 256,
                 .bytes = 176,
                 .group = 32,
                 .bias = true}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* bias) {
    k_scales_and_minima(block, scale, bias);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    k_nibbles(block + 48, unit, q);
    for (int i = 0; i < 32; ++i) {
      q[i] = static_cast<int8_t>(q[i] | (block[16 + i] >> unit & 1) << 4);
    }
  }
};

// 128 bytes of low nibbles, 64 bytes of high pairs of bits, 16 int8 scales,
// f16 d: (d * scale) * (q - 32).
struct Q6K : BlockFormat<BlockLayout{
                 .format = WeightFormat::q6_k,
                 .values = 256,
                 .bytes = 210,
                 .group = 16}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    const float d = load_half(block + 208);
    for (int i = 0; i < 16; ++i) {
      scale[i] = d * static_cast<float>(static_cast<int8_t>(block[192 + i]));
    }
  }
  // 64 bytes hold units 0, 1 in their low nibbles and 2, 3 in their high ones;
  // 32 bytes hold the upper bits of units 0 .. 3.
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    const uint8_t* low = block + unit / 4 * 64 + unit % 2 * 32;
    const uint8_t* high = block + 128 + unit / 4 * 32;
    for (int i = 0; i < 32; ++i) {
      const int value = (low[i] >> (unit % 4 / 2 * 4) & 15) |
          (high[i] >> (2 * (unit % 4)) & 3) << 4;
      q[i] = static_cast<int8_t>(value - 32);
    }
  }
};

// The ternary formats have one scale for 256 values; it serves eight groups.
BANTAM_ALWAYS_INLINE void one_scale(const uint8_t* half, float* scale) {
  for (int i = 0; i < 8; ++i) {
    scale[i] = load_half(half);
  }
}

// Digit `n` (0 is the highest) of five base-3 digits stored as a fraction of
// 256, as -1, 0 or 1.
BANTAM_ALWAYS_INLINE int8_t ternary_digit(uint8_t byte, int n) {
  constexpr uint8_t kPowers[5] = {1, 3, 9, 27, 81};
  const auto fraction = static_cast<uint8_t>(byte * kPowers[n]);
  return static_cast<int8_t>((fraction * 3 >> 8) - 1);
}

// 48 bytes of five values, 4 bytes of four, f16 d: d * q. Digit n of the first
// 32 bytes is unit n; of the next 16 bytes half a unit; the last 16 values are
// in the 4 bytes.
struct Tq10 : BlockFormat<BlockLayout{
                  .format = WeightFormat::tq1_0,
                  .values = 256,
                  .bytes = 54,
                  .group = 32}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    one_scale(block + 52, scale);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    for (int i = 0; i < 32; ++i) {
      const int value = unit * 32 + i;
      if (value < 160) {
        q[i] = ternary_digit(block[i], unit);
      } else if (value < 240) {
        q[i] = ternary_digit(block[32 + i % 16], (value - 160) / 16);
      } else {
        q[i] = ternary_digit(block[48 + value % 4], (value - 240) / 4);
      }
    }
  }
};

// 64 bytes of four 2-bit values, f16 d: d * (q - 1).
struct Tq20 : BlockFormat<BlockLayout{
                  .format = WeightFormat::tq2_0,
                  .values = 256,
                  .bytes = 66,
                  .group = 32}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    one_scale(block + 64, scale);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    for (int i = 0; i < 32; ++i) {
      const int byte = block[unit / 4 * 32 + i];
      q[i] = static_cast<int8_t>((byte >> (2 * (unit % 4)) & 3) - 1);
    }
  }
};

}  // namespace bantam::kernels
