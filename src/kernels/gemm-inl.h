// SPDX-License-Identifier: MIT
// Many tokens: a block of rows is unpacked once into interleaved 16-bit pairs
// (lanes are rows) and meets every token, a few quads of tokens at a time.
// The integers are those of matvec-inl.h and so is each float operation, so
// the bits are the same.
#if defined(BANTAM_KERNELS_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_GEMM_INL_H_
#undef BANTAM_KERNELS_GEMM_INL_H_
#else
#define BANTAM_KERNELS_GEMM_INL_H_
#endif

#include "kernels/matvec-inl.h"
#if defined(BANTAM_STATIC_TARGET)
#include <immintrin.h>
#endif

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

using DPairs = hn::Repartition<int16_t, DI>;  // 16-bit pairs of kLanes rows
constexpr int64_t kBlockVectors = 2;
constexpr int64_t kBlockRows = kBlockVectors * static_cast<int64_t>(kLanes);
static_assert(kRowGrain % kBlockRows == 0);

// Tokens in one tile: what the registers hold (32 of 512 bits, or 16 of 256).
constexpr int kMaxQuads = kLanes == 16 ? 3 : 1;

// A block of rows, packed. Pair p of the columns: kBlockRows dwords.
struct PackedBlock {
  int32_t* pairs;       // [cols / 2, kBlockRows]
  float* scales;        // [groups, kBlockRows]
  float* biases;        // [groups, kBlockRows]
  float* acc;           // [16, tokens of a tile, kBlockRows]
  std::byte* gathered;  // scales of one row
  uint8_t* copies;      // of four rows at the tensor's end
};

// Rows of four units to columns: dword p of the four lands at out[p * stride].
HWY_INLINE void store_transposed(const Unit (&units)[4], int32_t* out) {
  const DSum d;
  const hn::RepartitionToWide<DSum> dw;
  const hn::CappedTag<int32_t, 4> d4;
  for (size_t i = 0; i < kUnitParts; ++i) {
    const auto a = hn::BitCast(d, units[0].part[i]);
    const auto b = hn::BitCast(d, units[1].part[i]);
    const auto c = hn::BitCast(d, units[2].part[i]);
    const auto e = hn::BitCast(d, units[3].part[i]);
    const auto ab0 = hn::BitCast(dw, hn::InterleaveLower(d, a, b));
    const auto ab1 = hn::BitCast(dw, hn::InterleaveUpper(d, a, b));
    const auto ce0 = hn::BitCast(dw, hn::InterleaveLower(d, c, e));
    const auto ce1 = hn::BitCast(dw, hn::InterleaveUpper(d, c, e));
    const VSum quad[4] = {
        hn::BitCast(d, hn::InterleaveLower(dw, ab0, ce0)),
        hn::BitCast(d, hn::InterleaveUpper(dw, ab0, ce0)),
        hn::BitCast(d, hn::InterleaveLower(dw, ab1, ce1)),
        hn::BitCast(d, hn::InterleaveUpper(dw, ab1, ce1))};
    int32_t* to = out + static_cast<int64_t>(i * kSumLanes) * kBlockRows;
    for (int64_t q = 0; q < 4; ++q) {
#if HWY_MAX_BYTES >= 32
      hn::StoreU(hn::LowerHalf(d4, quad[q]), d4, to + q * kBlockRows);
      hn::StoreU(hn::UpperHalf(d4, quad[q]), d4, to + (q + 4) * kBlockRows);
#else
      hn::StoreU(quad[q], d4, to + q * kBlockRows);
#endif
    }
  }
}

// Scales (or biases) of one row as floats; `to` has room for whole sixteens.
HWY_INLINE void put_row_scales(
    WeightFormat format,
    const std::byte* from,
    int64_t groups,
    float* to) {
  const int64_t width = float_bytes(format);
  int64_t g = 0;
  for (; g + 16 <= groups; g += 16) {
    store16(load16_as(format, from + g * width), to + g);
  }
  if (g < groups) {
    store16(load16_first(format, from + g * width, groups - g), to + g);
  }
}

// [kBlockRows, stride] to [groups, kBlockRows]
HWY_INLINE void transpose_scales(
    const float* from,
    int64_t stride,
    int64_t groups,
    float* to) {
#if defined(BANTAM_STATIC_TARGET)
  const __m512i rows = _mm512_mullo_epi32(
      _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
      _mm512_set1_epi32(static_cast<int>(stride)));
  for (int64_t g = 0; g < groups; ++g) {
    for (int64_t r = 0; r < kBlockRows; r += 16) {
      _mm512_storeu_ps(
          to + g * kBlockRows + r,
          _mm512_i32gather_ps(rows, from + r * stride + g, 4));
    }
  }
#else
  // A line of each row at a time.
  for (int64_t first = 0; first < groups; first += 16) {
    const int64_t end = HWY_MIN(first + 16, groups);
    for (int64_t g = first; g < end; ++g) {
      for (int64_t r = 0; r < kBlockRows; ++r) {
        to[g * kBlockRows + r] = from[r * stride + g];
      }
    }
  }
#endif
}

template <int kOffset>
HWY_INLINE Unit less(Unit unit) {
  for (size_t i = 0; i < kUnitParts && kOffset != 0; ++i) {
    unit.part[i] = hn::Sub(unit.part[i], hn::Set(D16(), int16_t{kOffset}));
  }
  return unit;
}

// One block of four rows, whose integers are kOffset too large.
template <int kOffset, class Block, int... kIndex>
HWY_INLINE void pack_units(
    const Block (&rows)[4],
    int32_t* pairs,
    std::integer_sequence<int, kIndex...> /*units*/) {
  const auto pack = [&](const Unit(&units)[4], int64_t index) HWY_ATTR {
    store_transposed(units, pairs + index * (kUnit / 2) * kBlockRows);
  };
  (pack(
       {less<kOffset>(rows[0].template unit<kIndex>()),
        less<kOffset>(rows[1].template unit<kIndex>()),
        less<kOffset>(rows[2].template unit<kIndex>()),
        less<kOffset>(rows[3].template unit<kIndex>())},
       kIndex),
   ...);
}

// All scales of the block's rows. The room for its pairs holds them row by row
// meanwhile, or that for accumulators if the pairs take less than the sixteens.
template <class F>
HWY_INLINE void pack_scales(
    const F& format,
    const WeightMatrix& w,
    int64_t first,
    const PackedBlock& block) {
  const int64_t groups = w.cols / w.group_size();
  const int64_t stride = (groups + 15) / 16 * 16;
  auto* scales =
      w.cols < 64 ? block.acc : reinterpret_cast<float*>(block.pairs);
  float* biases = scales + kBlockRows * stride;
  for (int64_t r = 0; r < kBlockRows; ++r) {
    const RowScales row =
        format.scales(HWY_MIN(first + r, w.rows - 1), block.gathered);
    put_row_scales(row.format, row.scale, groups, scales + r * stride);
    if constexpr (F::kBias) {
      put_row_scales(row.format, row.bias, groups, biases + r * stride);
    }
  }
  transpose_scales(scales, stride, groups, block.scales);
  if constexpr (F::kBias) {
    transpose_scales(biases, stride, groups, block.biases);
  }
}

// The packed columns of one block of the format stay in the first cache while
// all rows put theirs in: going row by row instead took several times as long,
// since each store went to a line of its own.
template <class F>
HWY_NOINLINE void pack_block(
    const F& format,
    const WeightMatrix& w,
    int64_t first,
    const PackedBlock& block) {
  pack_scales(format, w, first, block);
  const uint8_t* rows[kBlockRows];
  for (int64_t r = 0; r < kBlockRows; ++r) {
    // Rows past the end are the last one again; they are never stored. Copied
    // ones are among the last four.
    const int64_t index = HWY_MIN(first + r, w.rows - 1);
    rows[r] = format.row(index, block.copies + index % 4 * (w.cols + 64));
  }
  constexpr int64_t kColumns = F::kBlockUnits * kUnit;
  for (int64_t b = 0; b < w.cols / kColumns; ++b) {
    for (int64_t r = 0; r < kBlockRows; r += 4) {
      const decltype(format.block(rows[0], b)) blocks[4] = {
          format.block(rows[r], b),
          format.block(rows[r + 1], b),
          format.block(rows[r + 2], b),
          format.block(rows[r + 3], b)};
      pack_units<F::kOffset>(
          blocks,
          block.pairs + b * (kColumns / 2) * kBlockRows + r,
          std::make_integer_sequence<int, F::kBlockUnits>());
    }
  }
}

// One packed block by every token: gemm_tile-inl.h, compiled once per target.
void multiply_packed(
    const MatmulTask& task,
    const PackedBlock& block,
    int64_t first,
    int64_t count,
    bool has_bias);

// A packed block in a thread's scratch.
HWY_INLINE PackedBlock place_block(const WeightMatrix& w, std::byte* scratch) {
  const int64_t groups = w.cols / w.group_size();
  PackedBlock block;
  block.acc = reinterpret_cast<float*>(scratch);
  block.pairs =
      reinterpret_cast<int32_t*>(block.acc + 16 * kMaxQuads * 4 * kBlockRows);
  block.scales =
      reinterpret_cast<float*>(block.pairs + w.cols / 2 * kBlockRows);
  block.biases = block.scales + groups * kBlockRows;
  block.gathered =
      reinterpret_cast<std::byte*>(block.biases + groups * kBlockRows);
  block.copies =
      reinterpret_cast<uint8_t*>(block.gathered + row_scale_bytes(w.cols));
  return block;
}

template <class F>
HWY_INLINE void gemm_rows(
    const F& format,
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const PackedBlock block = place_block(task.w, scratch);
  for (int64_t first = begin; first < end; first += kBlockRows) {
    pack_block(format, task.w, first, block);
    multiply_packed(
        task, block, first, HWY_MIN(kBlockRows, end - first), F::kBias);
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
