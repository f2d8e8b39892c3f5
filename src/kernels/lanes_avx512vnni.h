// SPDX-License-Identifier: MIT
// Few tokens by AVX-512 VNNI with one group in each lane of 32 bits. Weights
// are put into that order while they are still packed, activations once for all
// rows; then sixteen groups' sums stand side by side without any adding across
// lanes, which is the dearest part of planes_avx512vnni.h. For the
// *_avx512vnni.cpp sources alone.
#pragma once

#include <array>

#include "kernels/planes_avx512vnni.h"

namespace bantam::kernels::BANTAM_TARGET {

// One token's activations, a step of sixteen groups after the other, in the
// order that format F wants: lane i holds group F::group_of(i) of a step.
template <class F>
struct LanePlanes {
  static constexpr int64_t kStep = 16 * F::kGroup;  // columns
  static constexpr int kDwords = F::kGroup / 4;     // registers of a step

  int8_t* high;     // [steps, kDwords, 16, 4]
  int8_t* low;      // the same
  int32_t* excess;  // [steps, 16], minus what the bytes are too large by
  float* scale;     // [steps, 16]
  float* sum;       // [steps, 16]

  static int64_t steps(int64_t cols) { return (cols + kStep - 1) / kStep; }
  static int64_t bytes(int64_t cols) {
    return steps(cols) * (2 * kStep + 3 * 64);
  }
  static LanePlanes at(std::byte* memory, int64_t cols) {
    const int64_t count = steps(cols);
    auto* high = reinterpret_cast<int8_t*>(memory);
    int8_t* low = high + count * kStep;
    auto* excess = reinterpret_cast<int32_t*>(low + count * kStep);
    auto* scale = reinterpret_cast<float*>(excess + count * 16);
    return {high, low, excess, scale, scale + count * 16};
  }
};

// Dwords of which lane i is group F::group_of(i).
template <class F>
HWY_INLINE __m512i lane_groups() {
  alignas(64) static constexpr std::array<int32_t, 16> kGroups = [] {
    std::array<int32_t, 16> groups{};
    for (int i = 0; i < 16; ++i) {
      groups[static_cast<size_t>(i)] = F::group_of(i);
    }
    return groups;
  }();
  return _mm512_load_si512(kGroups.data());
}

// By how many bits the products of each lane are too far left.
template <class F>
HWY_INLINE __m512i lane_shifts() {
  return F::kOddTimes16 ? _mm512_set1_epi64(int64_t{4} << 32)
                        : _mm512_setzero_si512();
}

// v = 256 high + low, in lane order.
template <class F>
inline void split_in_lanes(
    const Activations& x,
    int64_t token,
    LanePlanes<F> planes) {
  using P = LanePlanes<F>;
  const int16_t* v = x.values(token);
  const __m512i half = _mm512_set1_epi16(128);
  const __m512i groups = lane_groups<F>();
  const __m512i index =
      _mm512_mullo_epi32(groups, _mm512_set1_epi32(P::kDwords));
  alignas(64) int8_t high[P::kStep];
  alignas(64) int8_t low[P::kStep];
  for (int64_t s = 0; s < P::steps(x.cols()); ++s) {
    alignas(64) int32_t sums[16] = {};
    for (int64_t k = 0; k < P::kStep; k += 32) {
      const int64_t from = s * P::kStep + k;
      const __m512i value = from < x.cols() ? _mm512_loadu_si512(v + from)
                                            : _mm512_setzero_si512();
      const __m512i upper = _mm512_srai_epi16(_mm512_add_epi16(value, half), 8);
      _mm256_store_si256(
          reinterpret_cast<__m256i*>(high + k), _mm512_cvtepi16_epi8(upper));
      _mm256_store_si256(
          reinterpret_cast<__m256i*>(low + k), _mm512_cvtepi16_epi8(value));
      if constexpr (F::kExcess != 0) {
        static_assert(F::kGroup == 16);
        const __m512i pairs = _mm512_madd_epi16(value, _mm512_set1_epi16(1));
        sums[k / 16] = _mm512_mask_reduce_add_epi32(0x00FF, pairs);
        sums[k / 16 + 1] = _mm512_mask_reduce_add_epi32(0xFF00, pairs);
      }
    }
    for (int j = 0; j < P::kDwords; ++j) {
      const int64_t to = s * P::kStep + j * 64;
      _mm512_storeu_si512(
          planes.high + to, _mm512_i32gather_epi32(index, high + 4 * j, 4));
      _mm512_storeu_si512(
          planes.low + to, _mm512_i32gather_epi32(index, low + 4 * j, 4));
    }
    const auto ordered = [&](const float* from) __attribute__((always_inline)) {
      return _mm512_permutexvar_ps(groups, _mm512_loadu_ps(from + s * 16));
    };
    _mm512_storeu_ps(planes.scale + s * 16, ordered(x.scales(token)));
    _mm512_storeu_ps(planes.sum + s * 16, ordered(x.sums(token)));
    const __m512i excess = _mm512_mullo_epi32(
        _mm512_permutexvar_epi32(groups, _mm512_load_si512(sums)),
        _mm512_set1_epi32(-F::kExcess));
    _mm512_storeu_si512(
        planes.excess + s * 16, _mm512_sllv_epi32(excess, lane_shifts<F>()));
  }
}

// Sums of one step: unit(j) is dword j of each lane's group.
template <class F, class Unit>
HWY_INLINE __m512i
lane_sums(const LanePlanes<F>& planes, int64_t step, const Unit& unit) {
  using P = LanePlanes<F>;
  const int64_t at = step * P::kStep;
  Dwords high = {};
  Dwords low = {};
  if constexpr (F::kExcess != 0) {
    low = (Dwords)_mm512_loadu_si512(planes.excess + step * 16);
  }
#pragma GCC unroll 8
  for (int j = 0; j < P::kDwords; ++j) {
    const __m512i q = unit(j);
    add_products(high, q, planes.high + at + 64 * j);
    add_products(low, q, planes.low + at + 64 * j);
  }
  const __m512i sums = (__m512i)((high << 8) + low);
  return F::kOddTimes16 ? _mm512_srav_epi32(sums, lane_shifts<F>()) : sums;
}

// Dword kAt of a's and of b's blocks twice each.
template <int kAt>
HWY_INLINE __m512i twice_each(__m512i a, __m512i b) {
  return _mm512_castps_si512(_mm512_shuffle_ps(
      _mm512_castsi512_ps(a), _mm512_castsi512_ps(b), kAt * 0x55));
}

// Of even lanes the low nibbles, of odd ones the high ones, times 16.
HWY_INLINE __m512i own_nibble(__m512i bytes, uint32_t low_mask) {
  const uint64_t mask = uint64_t{low_mask} << 36 | low_mask;
  return _mm512_and_si512(bytes, _mm512_set1_epi64(static_cast<int64_t>(mask)));
}

// Sixteen bytes of each of four blocks.
HWY_INLINE __m512i load_four(
    const uint8_t* a,
    const uint8_t* b,
    const uint8_t* c,
    const uint8_t* d) {
  const auto load = [](const uint8_t* from) __attribute__((always_inline)) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const __m256i low =
      _mm256_inserti128_si256(_mm256_castsi128_si256(load(a)), load(b), 1);
  const __m256i high =
      _mm256_inserti128_si256(_mm256_castsi128_si256(load(c)), load(d), 1);
  return join(low, high);
}

// Few tokens, as matvec_rows. F brings kGroup, kExcess, kOddTimes16,
// group_of() and add_columns(), which joins a row's groups to sixteen lanes.
template <class F>
HWY_NOINLINE void lane_rows(
    F format,
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  using P = LanePlanes<F>;
  const Activations& x = task.x;
  const int64_t cols = x.cols();
  const auto planes_of = [&](int64_t token) {
    return P::at(scratch + token * P::bytes(cols), cols);
  };
  prefetch_bytes(task.w.data + begin * task.w.row_bytes, kPrefetchAhead);
  for (int64_t t = 0; t < x.tokens() && !task.is_prepared; ++t) {
    split_in_lanes<F>(x, t, planes_of(t));
  }
  // slot_of[group_of(i)] = i
  alignas(64) int32_t slot_of[16];
  for (int i = 0; i < 16; ++i) {
    slot_of[F::group_of(i)] = i;
  }
  const __m512i to_slots = _mm512_load_si512(slot_of);
  const Pieces pieces(task.w, cols);
  for (int64_t first = begin; first < end; first += kTreeRows) {
    const int64_t count = HWY_MIN(kTreeRows, end - first);
    for (int64_t t = 0; t < x.tokens(); ++t) {
      const P planes = planes_of(t);
      Lanes16 acc[kTreeRows];
      for (Lanes16& sum : acc) {
        sum.part[0].raw = _mm512_setzero_ps();
      }
      for (int64_t i = 0; i < pieces.count(); ++i) {
        const int64_t from = i * pieces.columns();
        const int64_t to = HWY_MIN(cols, from + pieces.columns());
        for (int64_t r = 0; r < count; ++r) {
          pieces.prefetch(first, r, i);
          acc[r].part[0].raw = format.add_columns(
              acc[r].part[0].raw,
              reinterpret_cast<const uint8_t*>(
                  task.w.data + (first + r) * task.w.row_bytes),
              planes,
              from,
              to);
        }
      }
      const Lanes16 sums = trees16([&](size_t i) HWY_ATTR {
        Lanes16 in_slots;
        in_slots.part[0].raw =
            _mm512_permutexvar_ps(to_slots, acc[i].part[0].raw);
        return in_slots;
      });
      store_rows(sums, count, task.store, task.y + t * task.y_stride + first);
    }
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
