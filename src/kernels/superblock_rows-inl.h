// SPDX-License-Identifier: MIT
// Few tokens and a format of super-blocks that vectors unpack: as
// matvec-inl.h, but the activations are put once into the order in which the
// weights come out of their bytes, what the bytes exceed the integers by is
// taken off whole sums, and the tokens share each row while it is in the cache.
#if defined(BANTAM_KERNELS_SUPERBLOCK_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_SUPERBLOCK_ROWS_INL_H_
#undef BANTAM_KERNELS_SUPERBLOCK_ROWS_INL_H_
#else
#define BANTAM_KERNELS_SUPERBLOCK_ROWS_INL_H_
#endif

#include "kernels/block_units-inl.h"
#include "kernels/matvec-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kSuperBlock = 256;

// One token's activations in the order of Order::halves, and for each group
// what kOffset adds to its sum.
struct Arranged {
  int16_t* values;
  int32_t* excess;

  static int64_t bytes(int64_t cols) { return 2 * cols + cols / 4; }
  static Arranged at(std::byte* memory, int64_t cols) {
    auto* values = reinterpret_cast<int16_t*>(memory);
    return {values, reinterpret_cast<int32_t*>(values + cols)};
  }
};

HWY_INLINE void arrange(const int16_t* from, int64_t cols, int16_t* to) {
  const D16 d;
  for (int64_t k = 0; k < cols; k += kUnit) {
#if HWY_MAX_BYTES >= 32
    const V16 first = hn::LoadU(d, from + k);
    const V16 second = hn::LoadU(d, from + k + kShorts);
    hn::Store(hn::ConcatLowerLower(d, second, first), d, to + k);
    hn::Store(hn::ConcatUpperUpper(d, second, first), d, to + k + kShorts);
#else
    for (size_t i = 0; i < kUnitParts; ++i) {
      hn::Store(hn::LoadU(d, from + k + i * kShorts), d, to + k + i * kShorts);
    }
#endif
  }
}

// Lane i is the sum of unit(i)'s products; both its groups' in the halves of a
// register of 256 bits if they are two.
template <int kIndex, class Block>
HWY_INLINE VSum unit_products(const Block& block, const int16_t* v) {
  Partial partial;
  partial.template add<0, kUnitParts>(
      block.template unit<kIndex>(), v + kIndex * kUnit);
  return partial.folded();
}

// Sums of the groups of one block: 8 or 16 of them.
template <int kGroup, class Block>
HWY_INLINE void super_block_sums(
    const Block& block,
    const int16_t* v,
    VSum* sums) {
#if HWY_MAX_BYTES >= 32
  const DSum d;
  const VSum low = finish4(
      d,
      unit_products<0>(block, v),
      unit_products<1>(block, v),
      unit_products<2>(block, v),
      unit_products<3>(block, v));
  const VSum high = finish4(
      d,
      unit_products<4>(block, v),
      unit_products<5>(block, v),
      unit_products<6>(block, v),
      unit_products<7>(block, v));
  if constexpr (kGroup == 16) {
    // Groups 0 2 4 6 | 1 3 5 7 so far.
    HWY_ALIGN static constexpr int32_t kInOrder[8] = {0, 4, 1, 5, 2, 6, 3, 7};
    const auto in_order = hn::SetTableIndices(d, kInOrder);
    sums[0] = hn::TableLookupLanes(low, in_order);
    sums[1] = hn::TableLookupLanes(high, in_order);
  } else {
    sums[0] = hn::Add(
        hn::ConcatLowerLower(d, high, low), hn::ConcatUpperUpper(d, high, low));
  }
#else
  VSum partial[kSuperBlock / kGroup];
  block_sums<kGroup>(block, v, partial, std::make_integer_sequence<int, 8>());
  for (int i = 0; i < kSuperBlock / kGroup / 4; ++i) {
    sums[i] = sum_each(partial + 4 * i);
  }
#endif
}

// Joins `kBlocks` blocks, sixteen groups or (the last of an odd number of
// blocks of eight) fewer, to the accumulators.
template <class F, int kBlocks>
HWY_INLINE Lanes16 add_super_blocks(
    const Lanes16& acc,
    const uint8_t* block,
    const Arranged& arranged,
    int64_t g,
    const float* x_scale,
    const float* x_sum) {
  using Units = BlockUnits<F, Order::halves>;
  constexpr int kGroups = kSuperBlock / F::kGroup;
  constexpr size_t kRegisters = kGroups / kSumLanes;
  const DSum d;
  VSum sums[16 / kSumLanes];
  HWY_ALIGN float scale[16] = {};
  HWY_ALIGN float bias[16] = {};
  const int16_t* v = arranged.values + g * F::kGroup;
  for (int b = 0; b < kBlocks; ++b, block += F::kBytes, v += kSuperBlock) {
    put_scales(F(), block, scale + b * kGroups, bias + b * kGroups);
    super_block_sums<F::kGroup>(Units(block), v, sums + b * kRegisters);
  }
  for (size_t i = 0; i < 16 / kSumLanes; ++i) {
    if (i >= kBlocks * kRegisters) {
      sums[i] = hn::Zero(d);
    } else if (Units::kOffset != 0) {
      sums[i] =
          hn::Sub(sums[i], hn::LoadU(d, arranged.excess + g + i * kSumLanes));
    }
  }
  return accumulate<F::kBias>(
      acc,
      sums_to_float(sums),
      load16(scale),
      load16(bias),
      load16(x_scale + g),
      load16(x_sum + g));
}

template <class F>
HWY_NOINLINE void super_block_row(
    const uint8_t* row,
    const Activations& x,
    int64_t token,
    const Arranged& arranged,
    Lanes16& out) {
  constexpr int kBlocks = F::kGroup / 16;  // that make sixteen groups
  const int64_t groups = x.cols() / F::kGroup;
  const float* x_scale = x.scales(token);
  const float* x_sum = x.sums(token);
  Lanes16 acc = zero16();
  int64_t g = 0;
  for (; g + 16 <= groups; g += 16, row += kBlocks * F::kBytes) {
    acc = add_super_blocks<F, kBlocks>(acc, row, arranged, g, x_scale, x_sum);
  }
  if constexpr (kBlocks > 1) {
    if (g < groups) {
      // Lanes without a group keep their accumulator to the last bit.
      acc = first16(
          static_cast<size_t>(groups - g),
          add_super_blocks<F, 1>(acc, row, arranged, g, x_scale, x_sum),
          acc);
    }
  }
  copy16(acc, out);
}

// scratch: the tokens, arranged.
template <class F>
HWY_INLINE void super_block_rows(
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const Activations& x = task.x;
  const int64_t cols = x.cols();
  const auto arranged = [&](int64_t token) HWY_ATTR {
    return Arranged::at(scratch + token * Arranged::bytes(cols), cols);
  };
  for (int64_t t = 0; t < x.tokens() && !task.is_prepared; ++t) {
    arrange(x.values(t), cols, arranged(t).values);
    group_excess<F::kGroup>(
        x.values(t),
        cols,
        BlockUnits<F, Order::halves>::kOffset,
        arranged(t).excess);
  }
  for (int64_t first = begin; first < end; first += kTreeRows) {
    const int64_t count = HWY_MIN(kTreeRows, end - first);
    for (int64_t t = 0; t < x.tokens(); ++t) {
      Lanes16 acc[kTreeRows];
      for (int64_t r = 0; r < kTreeRows; ++r) {
        if (r >= count) {
          acc[r] = zero16();
          continue;
        }
        prefetch_ahead(task.w, first + r);
        const std::byte* row = task.w.data + (first + r) * task.w.row_bytes;
        super_block_row<F>(
            reinterpret_cast<const uint8_t*>(row), x, t, arranged(t), acc[r]);
      }
      const Lanes16 sums = trees16([&](size_t i) HWY_ATTR { return acc[i]; });
      store_rows(sums, count, task.store, task.y + t * task.y_stride + first);
    }
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
