// SPDX-License-Identifier: MIT
// Q3_K and Q4_K for few tokens, one group in each lane (lanes_avx512vnni.h).
// Nibbles stay where they are: the high ones' products come out times 16, which
// one shift of the sums takes back. Scales are unpacked some blocks ahead, four
// blocks at a time.
#pragma once

#include "kernels/block_formats.h"
#include "kernels/lanes_avx512vnni.h"

namespace bantam::kernels::BANTAM_TARGET {

constexpr int64_t kChunkBlocks = 16;

struct Q3KLanes {
  static constexpr int kGroup = 16;
  static constexpr int kExcess = 4;
  static constexpr bool kOddTimes16 = true;
  static constexpr int64_t kBytes = 110;

  // A byte's four pairs of bits are groups 0, 2, 4, 6 (+ 1 or 8) apart; two
  // and two of them share a register.
  static constexpr int group_of(int lane) {
    constexpr int kPair[4] = {0, 2, 1, 3};
    const int block = lane / 4;
    return 2 * kPair[lane % 4] + block % 2 + 8 * (block / 2);
  }

  struct Scales {
    alignas(64) int8_t scale[kChunkBlocks * 16];
    alignas(64) float d[kChunkBlocks];
  };

  struct Tables {
    alignas(64) uint8_t low[64];     // where the low four bits are
    alignas(64) uint8_t low_at[64];  // and from which bit
    alignas(64) uint8_t high_at[64];
    constexpr Tables() : low(), low_at(), high_at() {
      for (int i = 0; i < 64; ++i) {
        const int group = group_of(i % 16);
        low[i] = static_cast<uint8_t>(4 + i % 8);
        low_at[i] = static_cast<uint8_t>(8 * (group % 8) + group / 8 * 4);
        // Two bits to bits 4 and 5.
        high_at[i] =
            static_cast<uint8_t>((8 * (group % 4) + group / 4 * 2 + 60) % 64);
      }
    }
  };

  // Scales of blocks 0 .. count - 1, count <= kChunkBlocks.
  static HWY_INLINE void unpack_scales(
      const uint8_t* block,
      int64_t count,
      Scales& to) {
    static constexpr Tables kTables;
    alignas(64) uint16_t d[32] = {};
    for (int64_t b = 0; b < count; b += 4) {
      const auto at = [&](int64_t i) __attribute__((always_inline)) {
        return block + HWY_MIN(b + i, count - 1) * kBytes;
      };
      for (int64_t i = 0; i < 4; ++i) {
        d[b + i] = load_u16(at(i) + 108);
      }
      // Four bytes of the values, then the scales.
      const __m512i bits =
          load_four(at(0) + 92, at(1) + 92, at(2) + 92, at(3) + 92);
      const __m512i low = _mm512_multishift_epi64_epi8(
          _mm512_load_si512(kTables.low_at),
          _mm512_shuffle_epi8(bits, _mm512_load_si512(kTables.low)));
      const __m512i high = _mm512_multishift_epi64_epi8(
          _mm512_load_si512(kTables.high_at),
          _mm512_shuffle_epi32(bits, _MM_PERM_DDDD));
      // 15 ? low : high
      const __m512i six = _mm512_and_si512(
          _mm512_ternarylogic_epi32(_mm512_set1_epi8(15), low, high, 0xCA),
          _mm512_set1_epi8(63));
      _mm512_store_si512(
          to.scale + b * 16, _mm512_sub_epi8(six, _mm512_set1_epi8(32)));
    }
    _mm512_store_ps(
        to.d,
        _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<__m256i*>(d))));
  }

  HWY_INLINE static __m512 add_block(
      __m512 acc,
      const uint8_t* block,
      const int8_t* scale_bytes,
      const float* d,
      const LanePlanes<Q3KLanes>& planes,
      int64_t step) {
    // Third bits to bits 2 and 6 by bit matrices, one for each half.
    const __m512i third = _mm512_broadcast_i64x4(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block)));
    const auto matrix = [](int bit) __attribute__((always_inline)) {
      const auto half = [](int low, int high) {
        return int64_t{1} << (40 + low) | int64_t{1} << (8 + high);
      };
      const int64_t a = half(bit, bit + 2);
      const int64_t b = half(bit + 4, bit + 6);
      return _mm512_setr_epi64(a, a, a, a, b, b, b, b);
    };
    const __m512i two = _mm512_loadu_si512(block + 32);
    const auto nibbles = [&](__m512i pairs,
                             int bit) __attribute__((always_inline)) {
      // (pairs & 0x33) | third bits
      return _mm512_ternarylogic_epi32(
          pairs,
          _mm512_gf2p8affine_epi64_epi8(third, matrix(bit), 0),
          _mm512_set1_epi8(0x33),
          0xEC);
    };
    const __m512i a = nibbles(two, 0);
    const __m512i b = nibbles(_mm512_srli_epi16(two, 2), 1);
    const __m512i dwords[4] = {
        twice_each<0>(a, b),
        twice_each<1>(a, b),
        twice_each<2>(a, b),
        twice_each<3>(a, b)};
    const __m512i sums = lane_sums<Q3KLanes>(
        planes, step, [&](int j) __attribute__((always_inline)) {
          return own_nibble(dwords[j], 0x07070707);
        });
    const __m512 scale = _mm512_mul_ps(
        _mm512_set1_ps(*d),
        _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(
            _mm_load_si128(reinterpret_cast<const __m128i*>(scale_bytes)))));
    return _mm512_fmadd_ps(
        _mm512_mul_ps(scale, _mm512_loadu_ps(planes.scale + step * 16)),
        _mm512_cvtepi32_ps(sums),
        acc);
  }

  HWY_INLINE __m512 add_columns(
      __m512 acc,
      const uint8_t* bytes,
      const LanePlanes<Q3KLanes>& planes,
      int64_t from,
      int64_t to) const {
    const int64_t blocks = to / 256;
    Scales scales;
    for (int64_t first = from / 256; first < blocks; first += kChunkBlocks) {
      const int64_t count = HWY_MIN(kChunkBlocks, blocks - first);
      const uint8_t* block = bytes + first * kBytes;
      unpack_scales(block, count, scales);
      for (int64_t b = 0; b < count; ++b) {
        acc = add_block(
            acc,
            block + b * kBytes,
            scales.scale + b * 16,
            scales.d + b,
            planes,
            first + b);
      }
    }
    return acc;
  }
};

// Two blocks at a time, eight groups each.
struct Q4KLanes {
  static constexpr int kGroup = 32;
  static constexpr int kExcess = 0;
  static constexpr bool kOddTimes16 = true;
  static constexpr int64_t kBytes = 144;

  static constexpr int group_of(int lane) {
    return lane % 4 / 2 * 8 + lane / 4 * 2 + lane % 2;
  }

  struct Scales {
    // Of two blocks, in the order of their lanes: sixteen scales, as many
    // minima.
    alignas(64) uint8_t bytes[kChunkBlocks * 16];
    alignas(64) float d[kChunkBlocks * 2];    // twice each
    alignas(64) float min[kChunkBlocks * 2];  // -dmin twice each
  };

  struct Order {
    alignas(64) uint8_t from[64];
    constexpr Order() : from() {
      for (int i = 0; i < 64; ++i) {
        const int group = group_of(i % 16);
        from[i] = static_cast<uint8_t>(
            i / 32 * 32 + group / 8 * 16 + i % 32 / 16 * 8 + group % 8);
      }
    }
  };

  static HWY_INLINE void unpack_scales(
      const uint8_t* block,
      int64_t count,
      Scales& to) {
    static constexpr Order kOrder;
    alignas(64) uint32_t d[kChunkBlocks] = {};
    for (int64_t b = 0; b < count; b += 4) {
      const auto at = [&](int64_t i) __attribute__((always_inline)) {
        return block + HWY_MIN(b + i, count - 1) * kBytes;
      };
      for (int64_t i = 0; i < 4; ++i) {
        d[b + i] = load_u32(at(i));
      }
      // Dwords d, a, b, c: scales 0 .. 3 are in a, minima in b, the others'
      // low bits in c's nibbles and their high ones on top of a and b.
      const __m512i bits = load_four(at(0), at(1), at(2), at(3));
      const __m512i low = _mm512_srlv_epi32(
          _mm512_shuffle_epi32(bits, _MM_PERM_ENUM(0b11101101)),
          _mm512_set4_epi32(4, 0, 0, 0));
      const __m512i high = _mm512_srli_epi32(
          _mm512_shuffle_epi32(bits, _MM_PERM_ENUM(0b10100101)), 2);
      const __m512i mask =
          _mm512_set4_epi32(0x0F0F0F0F, 0x3F3F3F3F, 0x0F0F0F0F, 0x3F3F3F3F);
      // mask ? low : high
      const __m512i six = _mm512_and_si512(
          _mm512_ternarylogic_epi32(mask, low, high, 0xCA),
          _mm512_set1_epi8(63));
      _mm512_store_si512(
          to.bytes + b * 16,
          _mm512_permutexvar_epi8(_mm512_load_si512(kOrder.from), six));
    }
    for (int64_t b = 0; b < kChunkBlocks; b += 8) {
      const __m512 both =
          _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<__m256i*>(d + b)));
      _mm512_store_ps(to.d + 2 * b, _mm512_moveldup_ps(both));
      _mm512_store_ps(
          to.min + 2 * b,
          _mm512_xor_ps(_mm512_movehdup_ps(both), _mm512_set1_ps(-0.0f)));
    }
  }

  // Blocks `block` and `next`; their lanes in `mask` join the sum.
  HWY_INLINE static __m512 add_blocks(
      __m512 acc,
      const uint8_t* block,
      const uint8_t* next,
      const uint8_t* scale_bytes,
      const float* d,
      const float* min,
      const LanePlanes<Q4KLanes>& planes,
      int64_t step,
      __mmask16 mask) {
    const auto runs = [](const uint8_t* from,
                         bool upper) __attribute__((always_inline)) {
      const __m512i first = _mm512_loadu_si512(from + 16);
      const __m512i second = _mm512_loadu_si512(from + 80);
      return upper ? _mm512_shuffle_i32x4(first, second, 0xDD)
                   : _mm512_shuffle_i32x4(first, second, 0x88);
    };
    const __m512i a = runs(block, false);
    const __m512i b = runs(next, false);
    const __m512i c = runs(block, true);
    const __m512i e = runs(next, true);
    const __m512i dwords[8] = {
        twice_each<0>(a, b),
        twice_each<1>(a, b),
        twice_each<2>(a, b),
        twice_each<3>(a, b),
        twice_each<0>(c, e),
        twice_each<1>(c, e),
        twice_each<2>(c, e),
        twice_each<3>(c, e)};
    const __m512i sums = lane_sums<Q4KLanes>(
        planes, step, [&](int j) __attribute__((always_inline)) {
          return own_nibble(dwords[j], 0x0F0F0F0F);
        });
    const auto times = [](const uint8_t* small,
                          const float* unit) __attribute__((always_inline)) {
      return _mm512_mul_ps(
          _mm512_broadcast_f32x4(_mm_load_ps(unit)),
          _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(
              _mm_load_si128(reinterpret_cast<const __m128i*>(small)))));
    };
    const __m512 scale = times(scale_bytes, d);
    const __m512 bias = times(scale_bytes + 16, min);
    __m512 out =
        _mm512_fmadd_ps(bias, _mm512_loadu_ps(planes.sum + step * 16), acc);
    out = _mm512_fmadd_ps(
        _mm512_mul_ps(scale, _mm512_loadu_ps(planes.scale + step * 16)),
        _mm512_cvtepi32_ps(sums),
        out);
    return _mm512_mask_mov_ps(acc, mask, out);
  }

  HWY_INLINE __m512 add_columns(
      __m512 acc,
      const uint8_t* bytes,
      const LanePlanes<Q4KLanes>& planes,
      int64_t from,
      int64_t to) const {
    const int64_t blocks = to / 256;
    Scales scales;
    for (int64_t first = from / 256; first < blocks; first += kChunkBlocks) {
      const int64_t count = HWY_MIN(kChunkBlocks, blocks - first);
      const uint8_t* block = bytes + first * kBytes;
      unpack_scales(block, count, scales);
      const auto add = [&](int64_t b, int64_t next, __mmask16 mask)
                           __attribute__((always_inline)) {
                             acc = add_blocks(
                                 acc,
                                 block + b * kBytes,
                                 block + next * kBytes,
                                 scales.bytes + b * 16,
                                 scales.d + b * 2,
                                 scales.min + b * 2,
                                 planes,
                                 (first + b) / 2,
                                 mask);
                           };
      int64_t b = 0;
      for (; b + 2 <= count; b += 2) {
        add(b, b + 1, 0xFFFF);
      }
      if (b < count) {
        add(b, b, 0x3333);
      }
    }
    return acc;
  }
};

}  // namespace bantam::kernels::BANTAM_TARGET
