// SPDX-License-Identifier: MIT
// GGUF's super-blocks of 256 for few tokens, by AVX-512 VNNI. Each register
// holds what one 64-byte load brings, so the activations are put into that
// order instead of the weights into theirs.
#pragma once

#include "kernels/block_formats.h"
#include "kernels/planes_avx512vnni.h"

namespace bantam::kernels::BANTAM_TARGET {

// v = 256 high + low, runs of 32 columns in the order `run` within each 256.
inline void split_in_runs(
    const int16_t* v,
    int64_t cols,
    const uint8_t (&run)[8],
    Planes planes) {
  const __m512i half = _mm512_set1_epi16(128);
  for (int64_t k = 0; k < Planes::padded(cols); k += 32) {
    const int64_t from = k / 256 * 256 + run[k % 256 / 32] * 32;
    const __m512i value =
        from < cols ? _mm512_loadu_si512(v + from) : _mm512_setzero_si512();
    const __m512i high = _mm512_srai_epi16(_mm512_add_epi16(value, half), 8);
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(planes.high + k),
        _mm512_cvtepi16_epi8(high));
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(planes.low + k),
        _mm512_cvtepi16_epi8(value));
  }
}

// 256 high + low products of 64 weights, spread over the lanes.
HWY_INLINE __m512i plane_products(__m512i q, Planes planes, int64_t at) {
  const __m512i high = _mm512_dpbusd_epi32(
      _mm512_setzero_si512(), q, _mm512_loadu_si512(planes.high + at));
  return _mm512_dpbusd_epi32(
      _mm512_slli_epi32(high, 8), q, _mm512_loadu_si512(planes.low + at));
}

// The sums of block b of u0 .. u3's products in the lanes of block b: as
// finish4_dwords() of four plane_products(), but the planes' sums of four are
// packed to 16 bits (4 * 63 * 128 fits) and joined by one dot product with 256
// and 1, which leaves less to shift and to shuffle.
HWY_INLINE __m512i four_products(
    __m512i u0,
    __m512i u1,
    __m512i u2,
    __m512i u3,
    Planes planes,
    int64_t at) {
  const auto two = [&](__m512i a, __m512i b, int64_t k) __attribute__((
                       always_inline)) {
    const __m512i zero = _mm512_setzero_si512();
    const auto pack = [&](const int8_t* plane) __attribute__((always_inline)) {
      return _mm512_packs_epi32(
          _mm512_dpbusd_epi32(zero, a, _mm512_loadu_si512(plane + k)),
          _mm512_dpbusd_epi32(zero, b, _mm512_loadu_si512(plane + k + 64)));
    };
    return _mm512_dpwssd_epi32(
        _mm512_madd_epi16(pack(planes.high), _mm512_set1_epi16(256)),
        pack(planes.low),
        _mm512_set1_epi16(1));
  };
  const __m512 first = _mm512_castsi512_ps(two(u0, u1, at));
  const __m512 second = _mm512_castsi512_ps(two(u2, u3, at + 128));
  return _mm512_add_epi32(
      _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0x88)),
      _mm512_castps_si512(_mm512_shuffle_ps(first, second, 0xDD)));
}

HWY_INLINE __m512 broadcast_half(const uint8_t* from) {
  return _mm512_cvtph_ps(
      _mm256_set1_epi16(static_cast<int16_t>(load_u16(from))));
}

HWY_INLINE __m512i mask_bytes(int value) {
  return _mm512_set1_epi8(static_cast<char>(value));
}

HWY_INLINE __m512i load_twice(const uint8_t* from) {
  return _mm512_broadcast_i64x4(
      _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

// To the left within 16 bits, or to the right; bytes mix, so mask afterwards.
template <int kLeft>
HWY_INLINE __m512i move_bits(__m512i bits) {
  if constexpr (kLeft > 0) {
    return _mm512_slli_epi16(bits, kLeft);
  } else if constexpr (kLeft < 0) {
    return _mm512_srli_epi16(bits, -kLeft);
  }
  return bits;
}

// Formats with sixteen groups of 16 in a super-block. B brings kBytes,
// kOffset, the four registers u(i) = q + kOffset of columns 32 i .. and
// 128 + 32 i .., and scales().
template <class B>
struct SixteenPlanes {
  const WeightMatrix& w;
  const uint8_t* row = nullptr;

  static void split(const int16_t* v, int64_t cols, Planes planes) {
    constexpr uint8_t kRuns[8] = {0, 4, 1, 5, 2, 6, 3, 7};
    split_in_runs(v, cols, kRuns, planes);
    put_excess<16>(v, cols, B::kOffset, planes.excess);
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  // Rows have a whole number of super-blocks, so there are no tails.
  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t /*count*/,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    const uint8_t* block = row + g / 16 * B::kBytes;
    const int64_t at = g * 16;
    const B bytes(block);
    const __m512i parts = four_products(
        bytes.template u<0>(),
        bytes.template u<1>(),
        bytes.template u<2>(),
        bytes.template u<3>(),
        planes,
        at);
    // Lane 4 b + i holds group 2 i + (b & 1) + 8 (b >> 1).
    const __m512i order =
        _mm512_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    __m512i sums = _mm512_permutexvar_epi32(order, parts);
    if constexpr (B::kOffset != 0) {
      sums = _mm512_sub_epi32(sums, _mm512_loadu_si512(planes.excess + g));
    }
    __m512 bias = acc;
    const __m512 scale = B::scales(block, bias);
    return join_groups<B::kBias>(
        acc, sums, scale, bias, x_scale, x_sum, 0xFFFF);
  }
};

struct Q2KBytes {
  static constexpr int64_t kBytes = 84;
  static constexpr int kOffset = 0;
  static constexpr bool kBias = true;

  __m512i low;

  HWY_INLINE explicit Q2KBytes(const uint8_t* block)
      : low(_mm512_loadu_si512(block + 16)) {}

  template <int kIndex>
  HWY_INLINE __m512i u() const {
    return _mm512_and_si512(_mm512_srli_epi16(low, 2 * kIndex), mask_bytes(3));
  }

  HWY_INLINE static __m512 scales(const uint8_t* block, __m512& bias) {
    const __m512i both = _mm512_cvtepu8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(block)));
    const __m512i scale = _mm512_and_si512(both, _mm512_set1_epi32(15));
    const __m512 minimum = _mm512_mul_ps(
        broadcast_half(block + 82),
        _mm512_cvtepi32_ps(_mm512_srli_epi32(both, 4)));
    bias = _mm512_xor_ps(minimum, _mm512_set1_ps(-0.0f));
    return _mm512_mul_ps(broadcast_half(block + 80), _mm512_cvtepi32_ps(scale));
  }
};

// Its 128 bytes of nibbles are ordered otherwise, but each half of them with
// its half of the upper bits makes the same runs of 32.
struct Q6KBytes {
  static constexpr int64_t kBytes = 210;
  static constexpr int kOffset = 32;
  static constexpr bool kBias = false;

  __m512i first;   // units 0 and 2 in nibbles | units 4 and 6
  __m512i second;  // units 1 and 3 | units 5 and 7
  __m512i high;

  HWY_INLINE explicit Q6KBytes(const uint8_t* block) {
    const auto half = [&](int64_t at) __attribute__((always_inline)) {
      return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + at));
    };
    first = join(half(0), half(64));
    second = join(half(32), half(96));
    high = _mm512_loadu_si512(block + 128);
  }

  template <int kIndex>
  HWY_INLINE __m512i u() const {
    const __m512i nibbles = kIndex % 2 == 0 ? first : second;
    const __m512i four = _mm512_and_si512(
        kIndex < 2 ? nibbles : _mm512_srli_epi16(nibbles, 4), mask_bytes(15));
    return _mm512_ternarylogic_epi32(
        four, move_bits<4 - 2 * kIndex>(high), mask_bytes(0x30), 0xF8);
  }

  HWY_INLINE static __m512 scales(const uint8_t* block, __m512& /*bias*/) {
    const __m512i scale = _mm512_cvtepi8_epi32(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + 192)));
    return _mm512_mul_ps(
        broadcast_half(block + 208), _mm512_cvtepi32_ps(scale));
  }
};

// Eight groups of 32 in a super-block, two super-blocks at a time. Of each pair
// of units one lies in the low nibbles, one in the high.
struct Q5KPlanes {
  static constexpr int64_t kBytes = 176;
  static constexpr int64_t kNibbles = 48;

  const WeightMatrix& w;
  const uint8_t* row = nullptr;

  static void split(const int16_t* v, int64_t cols, Planes planes) {
    constexpr uint8_t kRuns[8] = {0, 2, 1, 3, 4, 6, 5, 7};
    split_in_runs(v, cols, kRuns, planes);
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
  }

  // Fifth bits of units 4 h + kOdd | 4 h + kOdd + 2, moved to bit 4.
  template <int kHalf, int kOdd>
  HWY_INLINE static __m512i fifth_bits(const uint8_t* block) {
    constexpr int kLow = 4 * kHalf + kOdd;
    const __m512i bits = load_twice(block + 16);
    return _mm512_mask_mov_epi64(
        move_bits<4 - kLow>(bits), 0xF0, move_bits<2 - kLow>(bits));
  }

  template <int kHalf, int kOdd>
  HWY_INLINE static __m512i products(
      const uint8_t* block,
      Planes planes,
      int64_t at) {
    const __m512i nibbles = _mm512_loadu_si512(block + kNibbles + 64 * kHalf);
    const __m512i four = _mm512_and_si512(
        kOdd == 0 ? nibbles : _mm512_srli_epi16(nibbles, 4), mask_bytes(15));
    const __m512i fifth = fifth_bits<kHalf, kOdd>(block);
    const __m512i u =
        _mm512_ternarylogic_epi32(four, fifth, mask_bytes(16), 0xF8);
    return plane_products(u, planes, at + 128 * kHalf + 64 * kOdd);
  }

  // Scales of a super-block in the lower half, minima in the upper one.
  HWY_INLINE static __m128i scale_bytes(const uint8_t* block) {
    const uint32_t a = load_u32(block + 4);
    const uint32_t b = load_u32(block + 8);
    const uint32_t c = load_u32(block + 12);
    const uint64_t scales = (a & 0x3F3F3F3F) |
        static_cast<uint64_t>((c & 0x0F0F0F0F) | (a >> 2 & 0x30303030)) << 32;
    const uint64_t minima = (b & 0x3F3F3F3F) |
        static_cast<uint64_t>((c >> 4 & 0x0F0F0F0F) | (b >> 2 & 0x30303030))
            << 32;
    return _mm_set_epi64x(
        static_cast<int64_t>(minima), static_cast<int64_t>(scales));
  }

  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    const uint8_t* block = row + g / 8 * kBytes;
    const uint8_t* next = kTail ? block : block + kBytes;
    const int64_t at = g * 32;
    const auto four = [&](const __m512i& a,
                          const __m512i& b) __attribute__((always_inline)) {
      return _mm512_add_epi32(
          _mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
    };
    const auto part =
        [&]<int kHalf, int kOdd>() __attribute__((always_inline)) {
          const __m512i zero = _mm512_setzero_si512();
          return four(
              products<kHalf, kOdd>(block, planes, at),
              kTail ? zero : products<kHalf, kOdd>(next, planes, at + 256));
        };
    const __m512i parts = finish4_dwords(
        part.template operator()<0, 0>(),
        part.template operator()<0, 1>(),
        part.template operator()<1, 0>(),
        part.template operator()<1, 1>());
    // Lane 4 b + i: block b >> 1, group {0, 1, 4, 5}[i] + 2 (b & 1).
    const __m512i order =
        _mm512_setr_epi32(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
    const __m128i bytes = scale_bytes(block);
    const __m128i next_bytes = scale_bytes(next);
    // d, -dmin, the next block's d and -dmin.
    const __m512 d = _mm512_castps128_ps512(_mm_xor_ps(
        _mm_cvtph_ps(_mm_set_epi32(
            0,
            0,
            static_cast<int>(load_u32(next)),
            static_cast<int>(load_u32(block)))),
        _mm_setr_ps(0.0f, -0.0f, 0.0f, -0.0f)));
    const __m512i first_of =
        _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2);
    const auto times = [&](__m512i which,
                           __m128i small) __attribute__((always_inline)) {
      return _mm512_mul_ps(
          _mm512_permutexvar_ps(which, d),
          _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(small)));
    };
    const __m512 scale = times(first_of, _mm_unpacklo_epi64(bytes, next_bytes));
    const __m512 bias = times(
        _mm512_add_epi32(first_of, _mm512_set1_epi32(1)),
        _mm_unpackhi_epi64(bytes, next_bytes));
    return join_groups<true>(
        acc,
        _mm512_permutexvar_epi32(order, parts),
        scale,
        bias,
        x_scale,
        x_sum,
        static_cast<__mmask16>((1u << count) - 1));
  }
};

}  // namespace bantam::kernels::BANTAM_TARGET
