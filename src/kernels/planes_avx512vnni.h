// SPDX-License-Identifier: MIT
// Sums of whole groups by AVX-512 VNNI's 8-bit dot products, sixteen groups at
// a time. An activation v is split into two bytes, v = 256 high + low, so that
// unsigned weights need no widening: sum q v = 256 sum q high + sum q low. The
// integers are exact, hence the same as everywhere else. For the
// *_avx512vnni.cpp sources alone.
#pragma once

#include <immintrin.h>

#include <cstdint>
#include <cstring>

#include "kernels/matvec-inl.h"

namespace bantam::kernels::BANTAM_TARGET {

// One token's activations as bytes, in an order that suits a format.
struct Planes {
  int8_t* high;
  int8_t* low;
  // One for each group: what a format whose bytes are its integers plus a
  // constant takes off its sums, the constant times the group's sum of v.
  int32_t* excess;

  // Columns are padded with zeros to a whole step of sixteen groups of 32.
  static int64_t padded(int64_t cols) { return (cols + 511) / 512 * 512; }
  static int64_t bytes(int64_t cols) { return padded(cols) / 4 * 9; }
  static Planes at(std::byte* memory, int64_t cols) {
    auto* plane = reinterpret_cast<int8_t*>(memory);
    const int64_t size = padded(cols);
    return {plane, plane + size, reinterpret_cast<int32_t*>(plane + 2 * size)};
  }
};

inline __m512i join(__m256i low, __m256i high) {
  return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

// Columns in their order, then zeros.
inline void split_in_order(const int16_t* v, int64_t cols, Planes planes) {
  const __m512i half = _mm512_set1_epi16(128);
  for (int64_t k = 0; k < cols; k += 32) {
    const __m512i value = _mm512_loadu_si512(v + k);
    const __m512i high = _mm512_srai_epi16(_mm512_add_epi16(value, half), 8);
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(planes.high + k),
        _mm512_cvtepi16_epi8(high));
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(planes.low + k),
        _mm512_cvtepi16_epi8(value));
  }
  const int64_t rest = Planes::padded(cols) - cols;
  std::memset(planes.high + cols, 0, static_cast<size_t>(rest));
  std::memset(planes.low + cols, 0, static_cast<size_t>(rest));
}

// By fours of groups of 32: the first halves of the four, then the second
// ones, as the low and the high nibbles of four GGUF blocks want them.
inline void split_by_halves(const int16_t* v, int64_t cols, Planes planes) {
  const __m512i half = _mm512_set1_epi16(128);
  const auto put = [](int8_t* plane, int64_t k, __m256i bytes) {
    int8_t* to = plane + k / 128 * 128 + k % 128 / 32 * 16;
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(to), _mm256_castsi256_si128(bytes));
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(to + 64),
        _mm256_extracti128_si256(bytes, 1));
  };
  for (int64_t k = 0; k < cols; k += 32) {
    const __m512i value = _mm512_loadu_si512(v + k);
    const __m512i high = _mm512_srai_epi16(_mm512_add_epi16(value, half), 8);
    put(planes.high, k, _mm512_cvtepi16_epi8(high));
    put(planes.low, k, _mm512_cvtepi16_epi8(value));
  }
  for (int64_t k = cols; k < Planes::padded(cols); k += 32) {
    put(planes.high, k, _mm256_setzero_si256());
    put(planes.low, k, _mm256_setzero_si256());
  }
}

// As group_excess(), then zeros for the padding.
template <int kGroup>
inline void put_excess(
    const int16_t* v,
    int64_t cols,
    int constant,
    int32_t* excess) {
  group_excess<kGroup>(v, cols, constant, excess);
  std::memset(
      excess + cols / kGroup,
      0,
      static_cast<size_t>((Planes::padded(cols) - cols) / kGroup * 4));
}

// GCC 12 copies an accumulator before each step if its type changes to __m512i
// between steps.
typedef int32_t Dwords __attribute__((vector_size(64)));

HWY_INLINE void add_products(Dwords& sum, __m512i q, const int8_t* v) {
  sum = (Dwords)_mm512_dpbusd_epi32((__m512i)sum, q, _mm512_loadu_si512(v));
}

// Dwords: block b's lane i is the sum of block b of v_i.
inline __m512i finish4_dwords(__m512i v0, __m512i v1, __m512i v2, __m512i v3) {
  const __m512i v01 = _mm512_add_epi32(
      _mm512_unpacklo_epi32(v0, v1), _mm512_unpackhi_epi32(v0, v1));
  const __m512i v23 = _mm512_add_epi32(
      _mm512_unpacklo_epi32(v2, v3), _mm512_unpackhi_epi32(v2, v3));
  return _mm512_add_epi32(
      _mm512_unpacklo_epi64(v01, v23), _mm512_unpackhi_epi64(v01, v23));
}

// Four registers to one of four blocks, each block a partial sum: of a, b, c, e
// when each register is one group.
inline __m512i fold_four(__m512i a, __m512i b, __m512i c, __m512i e) {
  const __m512i ac = _mm512_add_epi32(
      _mm512_shuffle_i64x2(a, c, 0x44), _mm512_shuffle_i64x2(a, c, 0xEE));
  const __m512i be = _mm512_add_epi32(
      _mm512_shuffle_i64x2(b, e, 0x44), _mm512_shuffle_i64x2(b, e, 0xEE));
  // a0 a1 c0 c1 and b0 b1 e0 e1 to a0 b0 c0 e0 + a1 b1 c1 e1.
  const __m512i even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
  const __m512i odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
  return _mm512_add_epi32(
      _mm512_permutex2var_epi64(ac, even, be),
      _mm512_permutex2var_epi64(ac, odd, be));
}

// Sixteen sums from sixteen registers partial(0) .. partial(15).
template <class Partial>
HWY_INLINE __m512i sum_registers(const Partial& partial) {
  const auto four = [&](int i) __attribute__((always_inline)) {
    return fold_four(
        partial(i), partial(i + 4), partial(i + 8), partial(i + 12));
  };
  return finish4_dwords(four(0), four(1), four(2), four(3));
}

// Sixteen sums from eight registers whose lower and upper halves are the groups
// 2i and 2i + 1.
template <class Partial>
HWY_INLINE __m512i sum_half_registers(const Partial& partial) {
  const auto four = [&](int i) __attribute__((always_inline)) {
    const __m512i a = partial(i);
    const __m512i b = partial(i + 4);
    return _mm512_add_epi32(
        _mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
  };
  const __m512i sums = finish4_dwords(four(0), four(1), four(2), four(3));
  // Lane 4b + i holds group 2i + (b & 1) + 8 (b >> 1).
  const __m512i order =
      _mm512_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
  return _mm512_permutexvar_epi32(order, sums);
}

// Sixteen sums from four registers whose block b of register i is the group
// 4i + b.
inline __m512i sum_block_registers(
    __m512i v0,
    __m512i v1,
    __m512i v2,
    __m512i v3) {
  const __m512i order =
      _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  return _mm512_permutexvar_epi32(order, finish4_dwords(v0, v1, v2, v3));
}

// The first `count` bytes in 64, then zeros; nothing past them is touched.
inline __m512i load_bytes(const uint8_t* from, int64_t count) {
  const __mmask64 mask = count >= 64 ? ~__mmask64{0}
      : count <= 0                   ? __mmask64{0}
                                     : (__mmask64{1} << count) - 1;
  return _mm512_maskz_loadu_epi8(mask, from);
}

// Sixteen groups' terms joined to the accumulators of their slots (matmul.h);
// `count` < 16 groups leave the other slots as they are.
template <bool kBias>
HWY_INLINE __m512 join_groups(
    __m512 acc,
    __m512i sums,
    __m512 scale,
    __m512 bias,
    const float* x_scale,
    const float* x_sum,
    __mmask16 mask) {
  __m512 out = acc;
  if constexpr (kBias) {
    out = _mm512_fmadd_ps(bias, _mm512_loadu_ps(x_sum), out);
  }
  out = _mm512_fmadd_ps(
      _mm512_mul_ps(scale, _mm512_loadu_ps(x_scale)),
      _mm512_cvtepi32_ps(sums),
      out);
  return _mm512_mask_mov_ps(acc, mask, out);
}

// Both bytes of a long row's activations, their scales and sums do not fit into
// the first cache (17408 columns: 41 to 48 KiB), and reading them from the
// second for each row takes a quarter of the speed. So rows are multiplied in
// pieces, the same columns of kTreeRows rows one after the other.
class Pieces {
 public:
  Pieces(const WeightMatrix& w, int64_t cols) : w_(w) {
    constexpr int64_t kMost = 8192;
    // Whole super-blocks and sixteens of groups for every format.
    constexpr int64_t kStep = 2048;
    const int64_t fewest = (cols + kMost - 1) / kMost;
    columns_ = fewest == 1
        ? cols
        : (cols + fewest * kStep - 1) / (fewest * kStep) * kStep;
    count_ = (cols + columns_ - 1) / columns_;
    bytes_ = w.row_bytes * columns_ / cols;
    ahead_ = HWY_MAX(int64_t{1}, kPrefetchAhead / bytes_);
  }

  int64_t count() const { return count_; }
  int64_t columns() const { return columns_; }  // the last one may have fewer

  // Before piece `index` of row `first` + `r` is multiplied, r < kTreeRows:
  // asks for the one whose turn comes kPrefetchAhead later.
  HWY_INLINE void prefetch(int64_t first, int64_t r, int64_t index) const {
    if (count_ == 1) {
      return prefetch_ahead(w_, first + r);
    }
    int64_t row = r + ahead_;
    if (row >= kTreeRows) {
      ++index;
      row -= index < count_ ? kTreeRows : 0;
      index = index < count_ ? index : 0;
    }
    prefetch_bytes(
        w_.data + (first + row) * w_.row_bytes + index * bytes_, bytes_);
  }

 private:
  const WeightMatrix& w_;
  int64_t columns_;
  int64_t count_;
  int64_t bytes_;  // of a piece
  int64_t ahead_;  // pieces
};

// Few tokens, as matvec_rows. F brings split(), begin_row() and
// add_groups<kTail>(), which joins 16 groups (kTail: fewer) to acc.
template <class F>
HWY_NOINLINE void plane_rows(
    F format,
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const Activations& x = task.x;
  const int64_t cols = x.cols();
  const int64_t tokens = x.tokens();
  const auto planes_of = [&](int64_t token) {
    return Planes::at(scratch + token * Planes::bytes(cols), cols);
  };
  prefetch_bytes(task.w.data + begin * task.w.row_bytes, kPrefetchAhead);
  for (int64_t t = 0; t < tokens && !task.is_prepared; ++t) {
    F::split(x.values(t), cols, planes_of(t));
  }
  const Pieces pieces(task.w, cols);
  const int64_t groups = cols / x.group_size();
  const int64_t piece = pieces.columns() / x.group_size();
  for (int64_t first = begin; first < end; first += kTreeRows) {
    const int64_t count = HWY_MIN(kTreeRows, end - first);
    for (int64_t t = 0; t < tokens; ++t) {
      const Planes planes = planes_of(t);
      const float* x_scale = x.scales(t);
      const float* x_sum = x.sums(t);
      Lanes16 acc[kTreeRows];
      for (Lanes16& sum : acc) {
        sum.part[0].raw = _mm512_setzero_ps();
      }
      for (int64_t i = 0; i < pieces.count(); ++i) {
        const int64_t from = i * piece;
        const int64_t to = HWY_MIN(groups, from + piece);
        for (int64_t r = 0; r < count; ++r) {
          format.begin_row(first + r);
          pieces.prefetch(first, r, i);
          __m512 sum = acc[r].part[0].raw;
          int64_t g = from;
          for (; g + 16 <= to; g += 16) {
            sum = format.template add_groups<false>(
                sum, g, 16, planes, x_scale + g, x_sum + g);
          }
          if (g < to) {
            sum = format.template add_groups<true>(
                sum, g, to - g, planes, x_scale + g, x_sum + g);
          }
          acc[r].part[0].raw = sum;
        }
      }
      const Lanes16 sums = trees16([&](size_t i) HWY_ATTR { return acc[i]; });
      store_rows(sums, count, task.store, task.y + t * task.y_stride + first);
    }
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
