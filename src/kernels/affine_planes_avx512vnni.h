// SPDX-License-Identifier: MIT
// MLX's affine formats for few tokens, by AVX-512 VNNI. Sixty-four weights are
// spread out at once: a byte permutation puts eight of them, kBits bytes, into
// each 64-bit lane, and a multishift picks the eight fields.
#pragma once

#include "kernels/planes_avx512vnni.h"

namespace bantam::kernels::BANTAM_TARGET {

// 64 weights from 8 * kBits bytes, one in each byte.
template <int kBits>
HWY_INLINE __m512i spread(__m512i packed) {
  if constexpr (kBits == 8) {
    return packed;
  }
  struct Table {
    alignas(64) uint8_t bytes[64];
    constexpr Table() : bytes() {
      for (int i = 0; i < 64; ++i) {
        bytes[i] = static_cast<uint8_t>(i / 8 * kBits + i % 8 % kBits);
      }
    }
  };
  static constexpr Table kTable;
  constexpr uint64_t kShifts = [] {
    uint64_t shifts = 0;
    for (int i = 0; i < 8; ++i) {
      shifts |= static_cast<uint64_t>(i * kBits) << (8 * i);
    }
    return shifts;
  }();
  const __m512i lanes =
      _mm512_permutexvar_epi8(_mm512_load_si512(kTable.bytes), packed);
  const __m512i fields = _mm512_multishift_epi64_epi8(
      _mm512_set1_epi64(static_cast<int64_t>(kShifts)), lanes);
  return _mm512_and_si512(fields, _mm512_set1_epi8((1 << kBits) - 1));
}

HWY_INLINE __m512
load_scales(WeightFormat format, const std::byte* from, int64_t count) {
  const auto mask = static_cast<__mmask16>((1u << count) - 1);
  if (format == WeightFormat::f32) {
    return _mm512_maskz_loadu_ps(mask, from);
  }
  const __m256i halves = _mm256_maskz_loadu_epi16(mask, from);
  if (format == WeightFormat::f16) {
    return _mm512_cvtph_ps(halves);
  }
  return _mm512_castsi512_ps(
      _mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

// Three bits in groups of 64: each lane of 64 bits holds a group's 24 bytes one
// third after the other, so that a multishift alone spreads eight of its
// weights, and sixteen groups end in two registers with little to add across
// lanes. The activations are put into that order, eight groups at a time.
struct ThreeBitLanes {
  static constexpr int64_t kStep = 1024;  // columns of sixteen groups

  static void put_in_order(Planes planes, int64_t cols) {
    const __m512i groups = _mm512_setr_epi64(0, 8, 16, 24, 32, 40, 48, 56);
    for (int64_t k = 0; k < cols / kStep * kStep; k += 512) {
      for (int8_t* plane : {planes.high + k, planes.low + k}) {
        __m512i part[8];
        for (int j = 0; j < 8; ++j) {
          part[j] = _mm512_i64gather_epi64(groups, plane + 8 * j, 8);
        }
        for (int j = 0; j < 8; ++j) {
          _mm512_storeu_si512(plane + 64 * j, part[j]);
        }
      }
    }
  }

  // Sums of eight groups at `bytes`, two dwords each.
  HWY_INLINE static __m512i eight(
      const uint8_t* bytes,
      const int8_t* high,
      const int8_t* low) {
    const __m512i z0 = _mm512_loadu_si512(bytes);
    const __m512i z1 = _mm512_loadu_si512(bytes + 64);
    const __m512i z2 = _mm512_loadu_si512(bytes + 128);
    // Qword 3 g + i of the 24 to lane g of word[i].
    const auto word = [&](__m512i first,
                          __m512i second) __attribute__((always_inline)) {
      return _mm512_permutex2var_epi64(
          _mm512_permutex2var_epi64(z0, first, z1), second, z2);
    };
    const __m512i w0 = word(
        _mm512_setr_epi64(0, 3, 6, 9, 12, 15, 0, 0),
        _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 10, 13));
    const __m512i w1 = word(
        _mm512_setr_epi64(1, 4, 7, 10, 13, 0, 0, 0),
        _mm512_setr_epi64(0, 1, 2, 3, 4, 8, 11, 14));
    const __m512i w2 = word(
        _mm512_setr_epi64(2, 5, 8, 11, 14, 0, 0, 0),
        _mm512_setr_epi64(0, 1, 2, 3, 4, 9, 12, 15));
    Dwords high_sum = {};
    Dwords low_sum = {};
    const auto add = [&](__m512i bits, int64_t bit, int j) __attribute__((
                         always_inline)) {
      // Fields of three bits from `bit` on.
      const int64_t from = 0x1512'0F0C'0906'0300 + bit * 0x0101'0101'0101'0101;
      const __m512i q = _mm512_and_si512(
          _mm512_multishift_epi64_epi8(_mm512_set1_epi64(from), bits),
          _mm512_set1_epi8(7));
      add_products(high_sum, q, high + 64 * j);
      add_products(low_sum, q, low + 64 * j);
    };
    add(w0, 0, 0);
    add(w0, 24, 1);
    add(_mm512_shrdi_epi64(w0, w1, 48), 0, 2);
    add(w1, 8, 3);
    add(w1, 32, 4);
    add(_mm512_shrdi_epi64(w1, w2, 56), 0, 5);
    add(w2, 16, 6);
    add(w2, 40, 7);
    return (__m512i)((high_sum << 8) + low_sum);
  }

  HWY_INLINE static __m512i sums(
      const uint8_t* bytes,
      const int8_t* high,
      const int8_t* low) {
    const __m512 a = _mm512_castsi512_ps(eight(bytes, high, low));
    const __m512 b =
        _mm512_castsi512_ps(eight(bytes + 192, high + 512, low + 512));
    const __m512i both = _mm512_add_epi32(
        _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88)),
        _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xDD)));
    // Block b holds groups 2 b, 2 b + 1, 8 + 2 b, 9 + 2 b.
    const __m512i order =
        _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    return _mm512_permutexvar_epi32(order, both);
  }
};

template <int kBits, int kGroup>
struct AffinePlanes {
  static constexpr bool kThreeBitLanes = kBits == 3 && kGroup == 64;
  static constexpr int64_t kGroupBytes = kGroup / 8 * kBits;

  const WeightMatrix& w;
  const uint8_t* row = nullptr;
  const std::byte* scales = nullptr;
  const std::byte* biases = nullptr;
  int64_t width = 0;     // bytes of a scale
  int64_t readable = 0;  // bytes from the row's start to the tensor's end

  static void split(const int16_t* v, int64_t cols, Planes planes) {
    split_in_order(v, cols, planes);
    if constexpr (kThreeBitLanes) {
      ThreeBitLanes::put_in_order(planes, cols);
    }
  }
  void begin_row(int64_t index) {
    row = reinterpret_cast<const uint8_t*>(w.data + index * w.row_bytes);
    readable = (w.rows - index) * w.row_bytes;
    width = float_bytes(w.scale_format);
    const int64_t offset = index * (w.cols / kGroup) * width;
    scales = w.scales + offset;
    biases = w.biases + offset;
  }

  // Products of the 64 columns at `byte` of the row, added to `high` times 256
  // and `low`. kSafe: 64 bytes may be loaded.
  template <bool kSafe>
  HWY_INLINE __m512i weights(int64_t byte, int64_t columns) const {
    return spread<kBits>(
        kSafe ? _mm512_loadu_si512(row + byte)
              : load_bytes(row + byte, columns / 8 * kBits));
  }

  // One register: kGroup columns' products spread over its lanes, or for
  // groups of 32 two groups' in its halves.
  template <bool kSafe>
  HWY_INLINE __m512i
  partial(int64_t column, int64_t columns, Planes planes) const {
    __m512i q[kGroup > 64 ? 2 : 1];
    __m512i sum = _mm512_setzero_si512();
    constexpr int kRegisters = kGroup > 64 ? 2 : 1;
    for (int i = 0; i < kRegisters; ++i) {
      q[i] = weights<kSafe>((column + 64 * i) / 8 * kBits, columns - 64 * i);
      sum = _mm512_dpbusd_epi32(
          sum, q[i], _mm512_loadu_si512(planes.high + column + 64 * i));
    }
    sum = _mm512_slli_epi32(sum, 8);
    for (int i = 0; i < kRegisters; ++i) {
      sum = _mm512_dpbusd_epi32(
          sum, q[i], _mm512_loadu_si512(planes.low + column + 64 * i));
    }
    return sum;
  }

  template <bool kSafe>
  HWY_INLINE __m512i sums(int64_t g, int64_t count, Planes planes) const {
    constexpr int64_t kStep = kGroup == 32 ? 64 : kGroup;
    const auto part = [&](int i) __attribute__((always_inline)) {
      const int64_t left = (count * kGroup) - i * kStep;
      return left <= 0 ? _mm512_setzero_si512()
                       : partial<kSafe>(g * kGroup + i * kStep, left, planes);
    };
    return kGroup == 32 ? sum_half_registers(part) : sum_registers(part);
  }

  template <bool kTail>
  HWY_INLINE __m512 add_groups(
      __m512 acc,
      int64_t g,
      int64_t count,
      Planes planes,
      const float* x_scale,
      const float* x_sum) const {
    if constexpr (kThreeBitLanes && !kTail) {
      return join(
          acc,
          ThreeBitLanes::sums(
              row + g * kGroupBytes,
              planes.high + g * kGroup,
              planes.low + g * kGroup),
          g,
          count,
          x_scale,
          x_sum);
    }
    const bool is_safe = readable >= (g + count) * kGroupBytes + 64;
    const int64_t groups = kTail ? count : 16;
    const __m512i exact = is_safe ? sums<true>(g, groups, planes)
                                  : sums<false>(g, groups, planes);
    return join(acc, exact, g, count, x_scale, x_sum);
  }

  HWY_INLINE __m512 join(
      __m512 acc,
      __m512i exact,
      int64_t g,
      int64_t count,
      const float* x_scale,
      const float* x_sum) const {
    return join_groups<true>(
        acc,
        exact,
        load_scales(w.scale_format, scales + g * width, count),
        load_scales(w.scale_format, biases + g * width, count),
        x_scale,
        x_sum,
        static_cast<__mmask16>((1u << count) - 1));
  }
};

}  // namespace bantam::kernels::BANTAM_TARGET
