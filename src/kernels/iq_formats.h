// SPDX-License-Identifier: MIT
// GGUF's look-up formats: eight (IQ2) or four (IQ3) magnitudes at a time come
// from a grid of points, signs apart. See block_formats.h for what each
// format brings.
#pragma once

#include "kernels/block_formats.h"
#include "kernels/iq_grids.h"

namespace bantam::kernels {

// Seven stored sign bits; the eighth makes their number even.
BANTAM_ALWAYS_INLINE uint8_t even_signs(uint32_t seven) {
  uint32_t parity = seven ^ seven >> 4;
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  return static_cast<uint8_t>(seven | (parity & 1) << 7);
}

// Magnitudes are bytes of a grid entry, lowest first; a set bit negates. All
// eight bytes at once: none is zero, so adding 1 carries into no other.
BANTAM_ALWAYS_INLINE void put_eight(
    uint64_t magnitudes,
    uint8_t signs,
    int8_t* q) {
  const uint64_t one_each =
      signs * uint64_t{0x0101010101010101} & uint64_t{0x8040201008040201};
  constexpr uint64_t kLow7 = 0x7F7F7F7F7F7F7F7F;
  // A byte is zero or one bit: adding 127 carries it to the top.
  const uint64_t ones =
      (((one_each & kLow7) + kLow7) | one_each) >> 7 & kLow7 / 127;
  const uint64_t eight = (magnitudes ^ ones * 255) + ones;
  std::memcpy(q, &eight, sizeof(eight));
}

BANTAM_ALWAYS_INLINE uint64_t two_fours(uint32_t first, uint32_t second) {
  return first | static_cast<uint64_t>(second) << 32;
}

// f16 d; for each 32 values four grid indices of 8 bits, then 32 bits: four
// times seven signs and a scale of 4 bits.
struct Iq2Xxs : BlockFormat<BlockLayout{
                    .format = WeightFormat::iq2_xxs,
                    .values = 256,
                    .bytes = 66,
                    .group = 32}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    const float d = load_half(block);
    for (int i = 0; i < 8; ++i) {
      const uint32_t bits = load_u32(block + 2 + 8 * i + 4);
      scale[i] = d * (0.5f + static_cast<float>(bits >> 28)) * 0.25f;
    }
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    const uint8_t* from = block + 2 + 8 * unit;
    const uint32_t bits = load_u32(from + 4);
    for (int i = 0; i < 4; ++i) {
      const uint8_t signs = even_signs(bits >> (7 * i) & 127);
      put_eight(kIq2XxsGrid[from[i]], signs, q + 8 * i);
    }
  }
};

// A nibble of 16 for each group of 16.
BANTAM_ALWAYS_INLINE void nibble_scales(
    float d,
    const uint8_t* nibbles,
    float* scale) {
  for (int i = 0; i < 16; ++i) {
    const int s = nibbles[i / 2] >> (i % 2 * 4) & 15;
    scale[i] = d * (0.5f + static_cast<float>(s)) * 0.25f;
  }
}

// f16 d, 32 times 16 bits: a grid index of 9 bits, seven signs; 8 bytes of
// 4-bit scales.
struct Iq2Xs : BlockFormat<BlockLayout{
                   .format = WeightFormat::iq2_xs,
                   .values = 256,
                   .bytes = 74,
                   .group = 16}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    nibble_scales(load_half(block), block + 66, scale);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    for (int i = 0; i < 4; ++i) {
      const uint32_t bits = load_u16(block + 2 + 2 * (4 * unit + i));
      put_eight(kIq2XsGrid[bits & 511], even_signs(bits >> 9), q + 8 * i);
    }
  }
};

// f16 d, 32 bytes of grid indices, 32 bytes of signs, 8 bytes of upper index
// bits, 8 bytes of 4-bit scales.
struct Iq2S : BlockFormat<BlockLayout{
                  .format = WeightFormat::iq2_s,
                  .values = 256,
                  .bytes = 82,
                  .group = 16}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    nibble_scales(load_half(block), block + 74, scale);
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    for (int i = 0; i < 4; ++i) {
      const int high = block[66 + unit] >> (2 * i) & 3;
      const int index = block[2 + 4 * unit + i] | high << 8;
      put_eight(kIq2SGrid[index], block[34 + 4 * unit + i], q + 8 * i);
    }
  }
};

// f16 d, 64 bytes of grid indices, 8 times 32 bits: four times seven signs and
// a scale of 4 bits.
struct Iq3Xxs : BlockFormat<BlockLayout{
                    .format = WeightFormat::iq3_xxs,
                    .values = 256,
                    .bytes = 98,
                    .group = 32}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    const float d = load_half(block);
    for (int i = 0; i < 8; ++i) {
      const uint32_t bits = load_u32(block + 66 + 4 * i);
      scale[i] = d * (0.5f + static_cast<float>(bits >> 28)) * 0.5f;
    }
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    const uint8_t* index = block + 2 + 8 * unit;
    const uint32_t bits = load_u32(block + 66 + 4 * unit);
    for (int i = 0; i < 4; ++i) {
      const uint64_t eight =
          two_fours(kIq3XxsGrid[index[2 * i]], kIq3XxsGrid[index[2 * i + 1]]);
      put_eight(eight, even_signs(bits >> (7 * i) & 127), q + 8 * i);
    }
  }
};

// f16 d, 64 bytes of grid indices, 8 bytes of their ninth bits, 32 bytes of
// signs, 4 bytes of 4-bit scales.
struct Iq3S : BlockFormat<BlockLayout{
                  .format = WeightFormat::iq3_s,
                  .values = 256,
                  .bytes = 110,
                  .group = 32}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    const float d = load_half(block);
    for (int i = 0; i < 8; ++i) {
      const int s = block[106 + i / 2] >> (i % 2 * 4) & 15;
      scale[i] = d * static_cast<float>(1 + 2 * s);
    }
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    const uint8_t* low = block + 2 + 8 * unit;
    const int high = block[66 + unit];
    for (int i = 0; i < 4; ++i) {
      const int first = low[2 * i] | (high >> (2 * i) & 1) << 8;
      const int second = low[2 * i + 1] | (high >> (2 * i + 1) & 1) << 8;
      const uint64_t eight = two_fours(kIq3SGrid[first], kIq3SGrid[second]);
      put_eight(eight, block[74 + 4 * unit + i], q + 8 * i);
    }
  }
};

// f16 d, eight scales of 6 bits (2 bytes of upper bits, 4 of nibbles), 128
// bytes of nibbles: (d * (scale - 32)) * kNonlinear4[q].
struct Iq4Xs : BlockFormat<BlockLayout{
                   .format = WeightFormat::iq4_xs,
                   .values = 256,
                   .bytes = 136,
                   .group = 32}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    const float d = load_half(block);
    const int high = load_u16(block + 2);
    for (int i = 0; i < 8; ++i) {
      const int low = block[4 + i / 2] >> (i % 2 * 4) & 15;
      const int s = low | (high >> (2 * i) & 3) << 4;
      scale[i] = d * static_cast<float>(s - 32);
    }
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    split_nibbles_through(kNonlinear4, block + 8 + 16 * unit, q);
  }
};

// Three-valued grid points moved by an eighth up or down: eight times the
// value is the integer 8 * point + 1 or 8 * point - 1.
BANTAM_ALWAYS_INLINE void put_eighths(uint32_t grid, int shift, int8_t* q) {
  for (int i = 0; i < 8; ++i) {
    const int point = static_cast<int>(grid >> (2 * i) & 3) - 1;
    q[i] = static_cast<int8_t>(8 * point + shift);
  }
}

// f16 d, 32 bytes of grid indices, 8 times 16 bits: four times three upper
// index bits, a scale of 3 bits, the shift's sign.
struct Iq1S : BlockFormat<BlockLayout{
                  .format = WeightFormat::iq1_s,
                  .values = 256,
                  .bytes = 50,
                  .group = 32}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    const float d = load_half(block);
    for (int i = 0; i < 8; ++i) {
      const int s = load_u16(block + 34 + 2 * i) >> 12 & 7;
      scale[i] = d * static_cast<float>(2 * s + 1) * 0.125f;
    }
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    const int bits = load_u16(block + 34 + 2 * unit);
    const int shift = bits & 0x8000 ? -1 : 1;
    for (int i = 0; i < 4; ++i) {
      const int index = block[2 + 4 * unit + i] | (bits >> (3 * i) & 7) << 8;
      put_eighths(kIq1Grid[index], shift, q + 8 * i);
    }
  }
};

// 32 bytes of grid indices, 16 bytes of three upper index bits and a sign of
// the shift, 8 bytes of 3-bit scales; their uppermost bits are an f16 d.
struct Iq1M : BlockFormat<BlockLayout{
                  .format = WeightFormat::iq1_m,
                  .values = 256,
                  .bytes = 56,
                  .group = 16}> {
  static BANTAM_ALWAYS_INLINE void scales(
      const uint8_t* block,
      float* scale,
      float* /*bias*/) {
    int half = 0;
    for (int i = 0; i < 4; ++i) {
      half |= load_u16(block + 48 + 2 * i) >> 12 << (4 * i);
    }
    const float d = f16_to_f32(static_cast<uint16_t>(half));
    for (int i = 0; i < 16; ++i) {
      const int s = load_u16(block + 48 + i / 4 * 2) >> (i % 4 * 3) & 7;
      scale[i] = d * static_cast<float>(2 * s + 1) * 0.125f;
    }
  }
  static BANTAM_ALWAYS_INLINE void integers(
      const uint8_t* block,
      int unit,
      int8_t* q) {
    for (int i = 0; i < 4; ++i) {
      const int bits = block[32 + 2 * unit + i / 2] >> (i % 2 * 4) & 15;
      const int index = block[4 * unit + i] | (bits & 7) << 8;
      put_eighths(kIq1Grid[index], bits & 8 ? -1 : 1, q + 8 * i);
    }
  }
};

}  // namespace bantam::kernels
