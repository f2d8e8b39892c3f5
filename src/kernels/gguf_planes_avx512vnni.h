// SPDX-License-Identifier: MIT
// GGUF's blocks of 32 for few tokens, by AVX-512 VNNI.
#pragma once

#include "kernels/block_formats.h"
#include "kernels/planes_avx512vnni.h"

namespace bantam::kernels::BANTAM_TARGET {

// Four groups' products with the planes that split_by_halves() made: their
// first halves, one in each block of the register, and their second ones.
HWY_INLINE __m512i
half_products(__m512i first, __m512i second, Planes planes, int64_t g) {
  const int8_t* high = planes.high + g * 32;
  const int8_t* low = planes.low + g * 32;
  __m512i sum = _mm512_dpbusd_epi32(
      _mm512_setzero_si512(), first, _mm512_loadu_si512(high));
  sum = _mm512_dpbusd_epi32(sum, second, _mm512_loadu_si512(high + 64));
  sum = _mm512_slli_epi32(sum, 8);
  sum = _mm512_dpbusd_epi32(sum, first, _mm512_loadu_si512(low));
  return _mm512_dpbusd_epi32(sum, second, _mm512_loadu_si512(low + 64));
}

// The same from their 16-byte nibble blocks, one in each block.
HWY_INLINE __m512i nibble_products(__m512i nibbles, Planes planes, int64_t g) {
  const __m512i mask = _mm512_set1_epi8(15);
  return half_products(
      _mm512_and_si512(nibbles, mask),
      _mm512_and_si512(_mm512_srli_epi16(nibbles, 4), mask),
      planes,
      g);
}

struct Q41Planes {
  const WeightMatrix& w;
  const uint8_t* row = nullptr;
  int64_t readable = 0;  // bytes from the row's start to the tensor's end

  static void split(const int16_t* v, int64_t cols, Planes planes) {
    split_by_halves(v, cols, planes);
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
    readable = (w.rows - index) * w.row_bytes;
  }

  // 64 bytes, of which `left` exist; kSafe: more may be read.
  template <bool kSafe>
  HWY_INLINE static __m512i load(const uint8_t* from, int64_t left) {
    return kSafe ? _mm512_loadu_si512(from) : load_bytes(from, left);
  }

  // Nibbles of four blocks of five dwords; `left` blocks exist.
  template <bool kSafe>
  HWY_INLINE static __m512i nibbles(const uint8_t* from, int64_t left) {
    const __m512i order = _mm512_setr_epi32(
        1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 28, 29, 30, 31);
    return _mm512_permutex2var_epi32(
        load<kSafe>(from, left * 20),
        order,
        load<kSafe>(from + 16, left * 20 - 16));
  }

  // Scale and bias of sixteen blocks, still as pairs of float16.
  template <bool kTail, bool kSafe>
  HWY_INLINE static __m512i headers(const uint8_t* from, int64_t count) {
    const auto part = [&](int64_t i) __attribute__((always_inline)) {
      return load<kSafe>(from + 64 * i, count * 20 - 64 * i);
    };
    const __m512i order0 =
        _mm512_setr_epi32(0, 5, 10, 15, 20, 25, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m512i order1 =
        _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 3, 8, 13, 18, 23, 28, 0, 0, 0);
    const __m512i order2 =
        _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 6, 11);
    __m512i out = _mm512_permutex2var_epi32(part(0), order0, part(1));
    if (kTail && count <= 7) {
      return out;
    }
    out = _mm512_mask_mov_epi32(
        out, 0x1F80, _mm512_permutex2var_epi32(part(2), order1, part(3)));
    return _mm512_mask_permutexvar_epi32(out, 0xE000, order2, part(4));
  }

  template <bool kTail, bool kSafe>
  HWY_INLINE __m512
  add(__m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    const uint8_t* from = row + g * 20;
    // Activations past the last group are zeros, whatever is loaded there.
    const auto products = [&](int64_t i) __attribute__((always_inline)) {
      if (kTail && 4 * i >= count) {
        return _mm512_setzero_si512();
      }
      return nibble_products(
          nibbles<kSafe>(from + i * 80, count - 4 * i), planes, g + 4 * i);
    };
    const __m512i sums =
        sum_block_registers(products(0), products(1), products(2), products(3));
    const __m512i both = headers<kTail, kSafe>(from, count);
    const __m512 low = _mm512_cvtph_ps(_mm512_castsi512_si256(both));
    const __m512 high = _mm512_cvtph_ps(_mm512_extracti64x4_epi64(both, 1));
    const __m512i even = _mm512_setr_epi32(
        0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_setr_epi32(
        1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return join_groups<true>(
        acc,
        sums,
        _mm512_permutex2var_ps(low, even, high),
        _mm512_permutex2var_ps(low, odd, high),
        x_scale,
        x_sum,
        static_cast<__mmask16>((1u << count) - 1));
  }

  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    if constexpr (!kTail) {
      return add<false, true>(acc, g, 16, planes, x_scale, x_sum);
    }
    return readable >= (g + 16) * 20
        ? add<true, true>(acc, g, count, planes, x_scale, x_sum)
        : add<true, false>(acc, g, count, planes, x_scale, x_sum);
  }
};

// Sixteen float16 scales, `stride` bytes apart; `count` exist.
HWY_INLINE __m512
strided_scales(const uint8_t* from, int64_t stride, int64_t count) {
  alignas(32) uint16_t halves[16] = {};
  for (int64_t i = 0; i < count; ++i) {
    std::memcpy(&halves[i], from + i * stride, sizeof(uint16_t));
  }
  return _mm512_cvtph_ps(
      _mm256_load_si256(reinterpret_cast<const __m256i*>(halves)));
}

// Blocks of 32 with nibbles. B brings kBytes, kNibbles (where they begin),
// kOffset, kBias, halves() to make bytes q + kOffset of four blocks' nibbles,
// and scales() of sixteen blocks.
template <class B>
struct SmallPlanes {
  const WeightMatrix& w;
  const uint8_t* row = nullptr;

  static void split(const int16_t* v, int64_t cols, Planes planes) {
    split_by_halves(v, cols, planes);
    if constexpr (B::kOffset != 0) {
      put_excess<32>(v, cols, B::kOffset, planes.excess);
    }
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  // Four groups' products; `left` of their blocks exist.
  template <bool kTail>
  HWY_INLINE static __m512i products(
      const uint8_t* from,
      int64_t left,
      Planes planes,
      int64_t g) {
    if (kTail && left <= 0) {
      return _mm512_setzero_si512();
    }
    const auto block = [&](int64_t i) __attribute__((always_inline)) {
      return kTail && i >= left ? _mm_setzero_si128()
                                : _mm_loadu_si128(
                                      reinterpret_cast<const __m128i*>(
                                          from + i * B::kBytes + B::kNibbles));
    };
    __m512i nibbles = _mm512_castsi128_si512(block(0));
    nibbles = _mm512_inserti32x4(nibbles, block(1), 1);
    nibbles = _mm512_inserti32x4(nibbles, block(2), 2);
    nibbles = _mm512_inserti32x4(nibbles, block(3), 3);
    const __m512i mask = _mm512_set1_epi8(15);
    __m512i first = _mm512_and_si512(nibbles, mask);
    __m512i second = _mm512_and_si512(_mm512_srli_epi16(nibbles, 4), mask);
    B::halves(from, kTail ? left : 4, first, second);
    return half_products(first, second, planes, g);
  }

  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    const uint8_t* from = row + g * B::kBytes;
    const auto part = [&](int64_t i) __attribute__((always_inline)) {
      return products<kTail>(
          from + 4 * i * B::kBytes, count - 4 * i, planes, g + 4 * i);
    };
    __m512i sums = sum_block_registers(part(0), part(1), part(2), part(3));
    if constexpr (B::kOffset != 0) {
      sums = _mm512_sub_epi32(sums, _mm512_loadu_si512(planes.excess + g));
    }
    const int64_t blocks = kTail ? count : 16;
    const __m512 scale = B::scales(from, blocks);
    return join_groups<B::kBias>(
        acc,
        sums,
        scale,
        B::kBias ? strided_scales(from + 2, B::kBytes, blocks) : scale,
        x_scale,
        x_sum,
        static_cast<__mmask16>((1u << count) - 1));
  }
};

struct Q40Bytes {
  static constexpr int64_t kBytes = 18, kNibbles = 2;
  static constexpr int kOffset = 8;
  static constexpr bool kBias = false;

  HWY_INLINE static void halves(
      const uint8_t* /*from*/,
      int64_t /*left*/,
      __m512i& /*first*/,
      __m512i& /*second*/) {}
  HWY_INLINE static __m512 scales(const uint8_t* from, int64_t count) {
    return strided_scales(from, kBytes, count);
  }
};

// Q5_0 and Q5_1: a fifth bit for each value, those of the first half first.
template <bool kWithBias>
struct Q5Bytes {
  static constexpr int64_t kBytes = kWithBias ? 24 : 22;
  static constexpr int64_t kNibbles = kWithBias ? 8 : 6;
  static constexpr int kOffset = kWithBias ? 0 : 16;
  static constexpr bool kBias = kWithBias;

  HWY_INLINE static void halves(
      const uint8_t* from,
      int64_t left,
      __m512i& first,
      __m512i& second) {
    uint64_t low = 0;
    uint64_t high = 0;
    for (int64_t i = 0; i < 4 && i < left; ++i) {
      const uint64_t bits = load_u32(from + i * kBytes + kNibbles - 4);
      low |= (bits & 0xFFFF) << (16 * i);
      high |= bits >> 16 << (16 * i);
    }
    const __m512i sixteen = _mm512_set1_epi8(16);
    first = _mm512_mask_add_epi8(first, low, first, sixteen);
    second = _mm512_mask_add_epi8(second, high, second, sixteen);
  }
  HWY_INLINE static __m512 scales(const uint8_t* from, int64_t count) {
    return strided_scales(from, kBytes, count);
  }
};

// Nibbles that pick one of sixteen values.
HWY_INLINE void look_up(
    const int8_t (&values)[16],
    int offset,
    __m512i& first,
    __m512i& second) {
  const __m512i table = _mm512_add_epi8(
      _mm512_broadcast_i32x4(
          _mm_load_si128(reinterpret_cast<const __m128i*>(values))),
      _mm512_set1_epi8(static_cast<char>(offset)));
  first = _mm512_shuffle_epi8(table, first);
  second = _mm512_shuffle_epi8(table, second);
}

struct Iq4NlBytes {
  static constexpr int64_t kBytes = 18, kNibbles = 2;
  static constexpr int kOffset = 128;
  static constexpr bool kBias = false;

  HWY_INLINE static void halves(
      const uint8_t* /*from*/,
      int64_t /*left*/,
      __m512i& first,
      __m512i& second) {
    look_up(kNonlinear4, kOffset, first, second);
  }
  HWY_INLINE static __m512 scales(const uint8_t* from, int64_t count) {
    return strided_scales(from, kBytes, count);
  }
};

struct Mxfp4Bytes {
  static constexpr int64_t kBytes = 17, kNibbles = 1;
  static constexpr int kOffset = 12;
  static constexpr bool kBias = false;

  HWY_INLINE static void halves(
      const uint8_t* /*from*/,
      int64_t /*left*/,
      __m512i& first,
      __m512i& second) {
    look_up(kFloat4, kOffset, first, second);
  }
  HWY_INLINE static __m512 scales(const uint8_t* from, int64_t count) {
    alignas(64) float scale[16] = {};
    for (int64_t i = 0; i < count; ++i) {
      scale[i] = half_e8m0(from[i * kBytes]);
    }
    return _mm512_load_ps(scale);
  }
};

// Signed bytes: widened to 16 bits instead, two instructions for a group.
struct Q80Words {
  const WeightMatrix& w;
  const uint8_t* row = nullptr;

  // The planes hold the activations as they are, 16 bits each.
  static void split(const int16_t* v, int64_t cols, Planes planes) {
    std::memcpy(planes.high, v, static_cast<size_t>(2 * cols));
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    const uint8_t* from = row + g * 34;
    const auto* x = reinterpret_cast<const int16_t*>(planes.high) + g * 32;
    const __m512i sums =
        sum_registers([&](int i) __attribute__((always_inline)) {
          if (kTail && i >= count) {
            return _mm512_setzero_si512();
          }
          const __m512i q = _mm512_cvtepi8_epi16(_mm256_loadu_si256(
              reinterpret_cast<const __m256i*>(from + i * 34 + 2)));
          return _mm512_dpwssd_epi32(
              _mm512_setzero_si512(), q, _mm512_loadu_si512(x + i * 32));
        });
    const __m512 scale = strided_scales(from, 34, kTail ? count : 16);
    return join_groups<false>(
        acc,
        sums,
        scale,
        scale,
        x_scale,
        x_sum,
        static_cast<__mmask16>((1u << count) - 1));
  }
};

}  // namespace bantam::kernels::BANTAM_TARGET
