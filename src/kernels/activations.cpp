// SPDX-License-Identifier: MIT
// Rounds activations, group by group, to the 16-bit integers that quantized
// weights multiply (matmul.h), in one of the two layouts the kernels read.
#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/activations.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include <algorithm>
#include <limits>

#include "kernels/matmul.h"
#include "kernels/units-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// The bits of the largest |x|: as integers they order infinities and NaNs
// above all numbers, so one comparison finds both.
HWY_INLINE int32_t largest_bits(const float* x, int group) {
  const DI d;
  const VI mask = hn::Set(d, 0x7FFFFFFF);
  const auto* bits = reinterpret_cast<const int32_t*>(x);
  VI largest = hn::Zero(d);
  for (int i = 0; i < group; i += static_cast<int>(kLanes)) {
    largest = hn::Max(largest, hn::And(hn::LoadU(d, bits + i), mask));
  }
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

// Rounds one group to v (int32, `group` of them); returns the sum.
HWY_INLINE int32_t
round_values(const float* x, int group, float inverse, int32_t* v) {
  const DF d;
  const DI di;
  const VF factor = hn::Set(d, inverse);
  const VF magic = hn::Set(d, 0x1.8p+23f);  // adding it rounds to integers
  VI sum = hn::Zero(di);
  for (int i = 0; i < group; i += static_cast<int>(kLanes)) {
    const VF scaled = hn::Mul(hn::LoadU(d, x + i), factor);
    const VI value = hn::Sub(
        hn::BitCast(di, hn::Add(scaled, magic)), hn::BitCast(di, magic));
    hn::StoreU(value, di, v + i);
    sum = hn::Add(sum, value);
  }
  return hn::GetLane(hn::SumOfLanes(di, sum));
}

// Two's complement pairs, lower column in the lower half of a dword.
HWY_INLINE int32_t pair_of(int32_t low, int32_t high) {
  return static_cast<int32_t>(
      static_cast<uint32_t>(low & 0xFFFF) | static_cast<uint32_t>(high) << 16);
}

struct Rounded {
  float scale;
  float sum;
};

HWY_INLINE Rounded round_group(const float* x, int group, int32_t* v) {
  const int32_t bits = largest_bits(x, group);
  const float largest = std::bit_cast<float>(bits);
  if (bits >= 0x7F800000 || largest < 0x1p-100f) {
    std::fill(v, v + group, 0);
    const float s =
        bits >= 0x7F800000 ? std::numeric_limits<float>::quiet_NaN() : 0.0f;
    return {s, s};
  }
  const float scale = largest / 32500.0f;
  const int32_t sum = round_values(x, group, 32500.0f / largest, v);
  return {scale, scale * static_cast<float>(sum)};
}

// One token. `step` 1: its values, scales and sums lie dense; 4: every fourth
// pair, scale and sum is this token's.
void RoundToken(
    const float* x,
    int64_t groups,
    int group,
    int64_t step,
    int32_t* pairs,
    float* scales,
    float* sums) {
  HWY_ALIGN int32_t v[128];
  for (int64_t g = 0; g < groups; ++g) {
    const Rounded rounded = round_group(x + g * group, group, v);
    scales[g * step] = rounded.scale;
    sums[g * step] = rounded.sum;
    int32_t* to = pairs + g * (group / 2) * step;
    for (int p = 0; p < group / 2; ++p) {
      to[p * step] = pair_of(v[2 * p], v[2 * p + 1]);
    }
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {

HWY_EXPORT(RoundToken);

constexpr int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Groups of a row are padded to 16; groups of 16 make the most of them.
int64_t most_groups(int64_t cols) {
  return round_up(cols / 16 + 1, 16);
}

}  // namespace

void Activations::reserve(int64_t max_tokens, int64_t max_cols) {
  const int64_t tokens = round_up(max_tokens, 4);
  values_.resize(static_cast<size_t>(tokens * max_cols));
  scales_.resize(static_cast<size_t>(tokens * most_groups(max_cols)));
  sums_.resize(scales_.size());
}

int64_t Activations::bytes(int64_t max_tokens, int64_t max_cols) {
  return round_up(max_tokens, 4) * (2 * max_cols + 8 * most_groups(max_cols));
}

void Activations::prepare(
    const float* x,
    int64_t stride,
    int64_t tokens,
    int64_t cols,
    int group_size,
    ThreadPool& pool) {
  tokens_ = tokens;
  cols_ = cols;
  group_size_ = group_size;
  floats_ = x;
  float_stride_ = stride;
  in_quads_ = false;
  if (group_size == 0) {
    return;
  }
  target_name();  // settles the target before the first dispatch
  const int64_t groups = cols / group_size;
  padded_groups_ = round_up(groups, 16);
  // Packing a block of rows costs what its product with some tokens does:
  // more of them where the matrix-vector kernels are quicker.
  in_quads_ = tokens >= (use_avx512vnni() ? kVnniQuadTokens : kQuadTokens);
  if (!in_quads_) {
    for (int64_t t = 0; t < tokens; ++t) {
      std::fill_n(
          scales_.data() + t * padded_groups_ + groups,
          padded_groups_ - groups,
          0.0f);
      std::fill_n(
          sums_.data() + t * padded_groups_ + groups,
          padded_groups_ - groups,
          0.0f);
    }
  }
  // Tokens that fill up the last quad hold leftovers: any integers do, their
  // products are not stored.
  const int64_t step = in_quads_ ? 4 : 1;
  auto* pairs = reinterpret_cast<int32_t*>(values_.data());
  const auto round = [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t base = t / step * step;
      const int64_t in = t % step;
      HWY_DYNAMIC_DISPATCH(RoundToken)
      (x + t * stride,
       groups,
       group_size,
       step,
       pairs + base * (cols / 2) + in,
       scales_.data() + base * padded_groups_ + in,
       sums_.data() + base * padded_groups_ + in);
    }
  };
  // A range for a thread is worth some microseconds of work.
  pool.parallel_for(tokens, round_up(1 + 16384 / cols, 4), round);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
