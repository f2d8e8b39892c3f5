// SPDX-License-Identifier: MIT
// Few tokens: each row of the matrix streams through once, sixteen groups at a
// time. Lanes run along the columns. A format (blocks-inl.h, ...) brings row(),
// scales(), kBias, kFixedGroup (0: the matrix knows) and block(row, index),
// which yields kBlockUnits units.
#if defined(BANTAM_KERNELS_MATVEC_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_MATVEC_INL_H_
#undef BANTAM_KERNELS_MATVEC_INL_H_
#else
#define BANTAM_KERNELS_MATVEC_INL_H_
#endif

#include <hwy/cache_control.h>

#include <cstring>
#include <utility>

#include "kernels/matmul_task.h"
#include "kernels/row_scales.h"
#include "kernels/units-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Rows whose sixteen accumulators are kept, so that their trees share shuffles.
constexpr int64_t kTreeRows = 16;

HWY_INLINE int64_t float_bytes(WeightFormat format) {
  return format == WeightFormat::f32 ? 4 : 2;
}

HWY_INLINE Lanes16 load16_as(WeightFormat format, const std::byte* from) {
  const auto* halves = reinterpret_cast<const uint16_t*>(from);
  switch (format) {
    case WeightFormat::f32:
      return load16(reinterpret_cast<const float*>(from));
    case WeightFormat::f16:
      return load16_f16(halves);
    default:
      return load16_bf16(halves);
  }
}

// Sixteen floats of which the first `count` are in memory.
HWY_INLINE Lanes16
load16_first(WeightFormat format, const std::byte* from, int64_t count) {
  HWY_ALIGN std::byte padded[64] = {};
  std::memcpy(padded, from, static_cast<size_t>(count * float_bytes(format)));
  return load16_as(format, padded);
}

// Exact products of part of a group, spread over the lanes.
struct Partial {
  HWY_INLINE Partial() : sum0(hn::Zero(DSum())), sum1(hn::Zero(DSum())) {}
  template <size_t kFirst, size_t kCount>
  HWY_INLINE void add(const Unit& unit, const int16_t* v) {
    for (size_t i = kFirst; i < kFirst + kCount; ++i) {
      dot_pairs(unit.part[i], hn::LoadU(D16(), v + i * kShorts), sum0, sum1);
    }
  }
  HWY_INLINE VSum folded() const { return fold_pairs(sum0, sum1); }

  VSum sum0;
  VSum sum1;
};

// The sums of the one or two groups in a unit of a block.
template <int kGroup, int kIndex, class Block>
HWY_INLINE void unit_sums(const Block& block, const int16_t* v, VSum* sums) {
  const Unit unit = block.template unit<kIndex>();
  const int16_t* at = v + kIndex * kUnit;
  if constexpr (kGroup == 16) {
    Partial first;
    Partial second;
    first.template add<0, kUnitParts / 2>(unit, at);
    second.template add<kUnitParts / 2, kUnitParts / 2>(unit, at);
    sums[2 * kIndex] = first.folded();
    sums[2 * kIndex + 1] = second.folded();
  } else {
    Partial one;
    one.template add<0, kUnitParts>(unit, at);
    sums[kIndex] = one.folded();
  }
}

template <int kGroup, class Block, int... kIndex>
HWY_INLINE void block_sums(
    const Block& block,
    const int16_t* v,
    VSum* sums,
    std::integer_sequence<int, kIndex...> /*units*/) {
  (unit_sums<kGroup, kIndex>(block, v, sums), ...);
}

// The exact sums of groups `group` .. + 15, of which `count` exist.
template <class F>
HWY_INLINE Lanes16 group_sums(
    const F& format,
    int64_t group_size,
    const uint8_t* row,
    int64_t group,
    int64_t count,
    const int16_t* v) {
  VSum partial[16];
  if constexpr (F::kFixedGroup > 0) {
    constexpr int64_t kGroups = F::kBlockUnits * kUnit / F::kFixedGroup;
    for (int64_t i = 0; i < 16; i += kGroups) {
      if (i < count) {
        const int64_t index = (group + i) / kGroups;
        block_sums<F::kFixedGroup>(
            format.block(row, index),
            v + index * F::kBlockUnits * kUnit,
            partial + i,
            std::make_integer_sequence<int, F::kBlockUnits>());
      } else {
        for (int64_t j = 0; j < kGroups; ++j) {
          partial[i + j] = hn::Zero(DSum());
        }
      }
    }
  } else {
    const int64_t units = group_size / kUnit;
    for (int64_t i = 0; i < 16; ++i) {
      Partial one;
      for (int64_t u = (group + i) * units;
           i < count && u < (group + i + 1) * units;
           ++u) {
        one.template add<0, kUnitParts>(
            format.block(row, u).template unit<0>(), v + u * kUnit);
      }
      partial[i] = one.folded();
    }
  }
  VSum sums[16 / kSumLanes];
  for (size_t s = 0; s < 16 / kSumLanes; ++s) {
    sums[s] = sum_each(partial + s * kSumLanes);
  }
  return sums_to_float(sums);
}

// excess[g] = constant * sum of v over group g: what is to be taken off the sum
// of a group whose weights are all `constant` too large.
template <int kGroup>
HWY_INLINE void group_excess(
    const int16_t* v,
    int64_t cols,
    int constant,
    int32_t* excess) {
  for (int64_t g = 0; g < cols / kGroup; ++g) {
    int32_t sum = 0;
    for (int i = 0; i < kGroup; ++i) {
      sum += v[g * kGroup + i];
    }
    excess[g] = constant * sum;
  }
}

// acc + bias * (s * sum v), then + (scale * s) * sum q v: matmul.h.
template <bool kBias>
HWY_INLINE Lanes16 accumulate(
    const Lanes16& acc,
    const Lanes16& sums,
    const Lanes16& scale,
    const Lanes16& bias,
    const Lanes16& x_scale,
    const Lanes16& x_sum) {
  Lanes16 out = acc;
  if constexpr (kBias) {
    out = fused16(bias, x_sum, out);
  }
  return fused16(mul16(scale, x_scale), sums, out);
}

template <class F>
HWY_NOINLINE void row_accumulators(
    const F& format,
    const uint8_t* row,
    const RowScales& scales,
    const Activations& x,
    int64_t token,
    Lanes16& out) {
  const int64_t size = F::kFixedGroup > 0 ? F::kFixedGroup : x.group_size();
  const int64_t groups = x.cols() / x.group_size();
  const int64_t width = float_bytes(scales.format);
  const int16_t* v = x.values(token);
  const float* x_scale = x.scales(token);
  const float* x_sum = x.sums(token);
  Lanes16 acc = zero16();
  int64_t g = 0;
  for (; g + 16 <= groups; g += 16) {
    const Lanes16 sums = group_sums(format, size, row, g, 16, v);
    const Lanes16 scale = load16_as(scales.format, scales.scale + g * width);
    const Lanes16 bias =
        F::kBias ? load16_as(scales.format, scales.bias + g * width) : scale;
    acc = accumulate<F::kBias>(
        acc, sums, scale, bias, load16(x_scale + g), load16(x_sum + g));
  }
  if (g < groups) {
    const int64_t rest = groups - g;
    const Lanes16 sums = group_sums(format, size, row, g, rest, v);
    const Lanes16 scale =
        load16_first(scales.format, scales.scale + g * width, rest);
    const Lanes16 bias = F::kBias
        ? load16_first(scales.format, scales.bias + g * width, rest)
        : scale;
    // Activation scales are padded to whole sixteens; lanes without a group
    // keep their accumulator to the last bit.
    acc = first16(
        static_cast<size_t>(rest),
        accumulate<F::kBias>(
            acc, sums, scale, bias, load16(x_scale + g), load16(x_sum + g)),
        acc);
  }
  copy16(acc, out);
}

HWY_INLINE void store_rows(
    const Lanes16& values,
    int64_t count,
    Store store,
    float* to) {
  if (count == kTreeRows) {
    store16(store == Store::add ? add16(load16(to), values) : values, to);
    return;
  }
  HWY_ALIGN float lanes[16];
  store16(values, lanes);
  for (int64_t i = 0; i < count; ++i) {
    to[i] = store == Store::add ? to[i] + lanes[i] : lanes[i];
  }
}

// Cores stop to prefetch at the end of a 4 KiB page, and rows are short: this
// asks for the bytes some rows ahead (measured: 10 to 20 % faster from memory,
// and with 8 KiB 5 to 15 % more than with 2).
constexpr int64_t kPrefetchAhead = 8192;

HWY_INLINE void prefetch_bytes(const std::byte* from, int64_t count) {
  for (int64_t b = 0; b < count; b += 64) {
    hwy::Prefetch(from + b);
  }
}

HWY_INLINE void prefetch_ahead(const WeightMatrix& w, int64_t row) {
  prefetch_bytes(w.data + row * w.row_bytes + kPrefetchAhead, w.row_bytes);
}

// scratch: gathered scales of two rows, then a copy of one row.
template <class F>
HWY_INLINE void matvec_rows(
    const F& format,
    const MatmulTask& task,
    int64_t begin,
    int64_t end,
    std::byte* scratch) {
  const int64_t scale_bytes = row_scale_bytes(task.w.cols);
  auto* copy = reinterpret_cast<uint8_t*>(scratch + 2 * scale_bytes);
  for (int64_t token = 0; token < task.x.tokens(); ++token) {
    float* y = task.y + token * task.y_stride;
    RowScales next = format.scales(begin, scratch);
    for (int64_t first = begin; first < end; first += kTreeRows) {
      const int64_t count = HWY_MIN(kTreeRows, end - first);
      Lanes16 acc[kTreeRows];
      for (int64_t r = 0; r < kTreeRows; ++r) {
        if (r >= count) {
          acc[r] = zero16();
          continue;
        }
        // The next row's scales are gathered while this row is multiplied.
        const RowScales scales = next;
        if (first + r + 1 < end) {
          next = format.scales(
              first + r + 1, scratch + ((r + 1) % 2) * scale_bytes);
        }
        const uint8_t* row = format.row(first + r, copy);
        prefetch_ahead(task.w, first + r);
        row_accumulators(format, row, scales, task.x, token, acc[r]);
      }
      const Lanes16 sums = trees16([&](size_t i) HWY_ATTR { return acc[i]; });
      store_rows(sums, count, task.store, y + first);
    }
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
