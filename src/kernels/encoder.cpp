// SPDX-License-Identifier: MIT
#include "kernels/encoder.h"

#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/encoder.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include <algorithm>
#include <cmath>

#include "kernels/partial-inl.h"
#include "kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

void AddLayerNormToken(
    const float* x,
    const float* weight,
    const float* bias,
    float eps,
    int64_t cols,
    float* y) {
  Lanes16 acc = zero16();
  for_each16(cols, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 v =
        add16(load16_partial(x + k, count), load16_partial(y + k, count));
    store16_partial(v, y + k, count);
    acc = add16(acc, v);  // lanes past `count` are zeros
  });
  const float mean = tree16(acc) / static_cast<float>(cols);
  const Lanes16 minus_mean = set16(-mean);
  acc = zero16();
  for_each16(cols, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 v = add16(load16_partial(y + k, count), minus_mean);
    acc = first16(count, fused16(v, v, acc), acc);
  });
  const float variance = tree16(acc) / static_cast<float>(cols);
  const Lanes16 inverse = set16(1.0f / std::sqrt(variance + eps));
  for_each16(cols, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 v =
        mul16(add16(load16_partial(y + k, count), minus_mean), inverse);
    store16_partial(
        fused16(
            v,
            load16_partial(weight + k, count),
            load16_partial(bias + k, count)),
        y + k,
        count);
  });
}

// Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: for
// z >= 0, erf(z) = 1 - (a1 t + ... + a5 t^5) e^(-z^2), t = 1 / (1 + p z),
// within 1.5e-7.
void Gelu(float* x, int64_t n) {
  const DF d;
  const VF one = hn::Set(d, 1.0f);
  const VF half = hn::Set(d, 0.5f);
  for_each16(n, [&](int64_t k, size_t count) HWY_ATTR {
    Lanes16 v = load16_partial(x + k, count);
    for (size_t i = 0; i < kParts; ++i) {
      const VF input = v.part[i];
      const VF z = hn::Mul(hn::Abs(input), hn::Set(d, 0.70710678f));
      const VF t = hn::Div(one, fused(hn::Set(d, 0.3275911f), z, one));
      VF p = hn::Set(d, 1.061405429f);
      p = fused(p, t, hn::Set(d, -1.453152027f));
      p = fused(p, t, hn::Set(d, 1.421413741f));
      p = fused(p, t, hn::Set(d, -0.284496736f));
      p = fused(p, t, hn::Set(d, 0.254829592f));
      // 1 - erf(z): what is left of the tail, without cancellation.
      const VF tail = hn::Mul(hn::Mul(p, t), exp_lanes(hn::Neg(hn::Mul(z, z))));
      const VF below = hn::Mul(half, tail);  // Phi(-|x|)
      const VF phi = hn::IfThenElse(
          hn::Lt(input, hn::Zero(d)), below, hn::Sub(one, below));
      v.part[i] = hn::Mul(input, phi);
    }
    store16_partial(v, x + k, count);
  });
}

void DotRowsF16(
    const uint16_t* rows,
    int64_t count,
    int64_t cols,
    const float* query,
    float* scores) {
  int64_t i = 0;
  const auto block = [&](auto many) HWY_ATTR {
    constexpr int64_t kRows = decltype(many)::value;
    Lanes16 acc[kRows];
    for (int64_t r = 0; r < kRows; ++r) {
      acc[r] = zero16();
    }
    for_each16(cols, [&](int64_t k, size_t have) HWY_ATTR {
      const Lanes16 q = load16_partial(query + k, have);
      for (int64_t r = 0; r < kRows; ++r) {
        const uint16_t* from = rows + (i + r) * cols + k;
        if (have == 16) {
          acc[r] = fused16(load16_f16(from), q, acc[r]);
          continue;
        }
        HWY_ALIGN uint16_t lanes[16] = {};
        std::copy_n(from, have, lanes);
        acc[r] = fused16(load16_f16(lanes), q, acc[r]);
      }
    });
    for (int64_t r = 0; r < kRows; ++r) {
      scores[i + r] = tree16(acc[r]);
    }
    i += kRows;
  };
  while (i + 4 <= count) {
    block(std::integral_constant<int64_t, 4>{});
  }
  while (i < count) {
    block(std::integral_constant<int64_t, 1>{});
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "kernels/elementwise.h"
#include "kernels/packed_matmul.h"
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {

HWY_EXPORT(AddLayerNormToken);
HWY_EXPORT(Gelu);
HWY_EXPORT(DotRowsF16);

// Queries whose scores are in work at a time.
constexpr int64_t kQueryBlock = 48;

constexpr int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Keys and values of one head, packed, and a block of scores.
struct HeadScratch {
  float* keys;    // [panels of tokens, head_dim, 16]
  float* values;  // [panels of head_dim, tokens, 16]
  float* scores;  // [kQueryBlock, panels of tokens * 16]
};

HeadScratch lay_out(std::byte* scratch, int64_t head_dim, int64_t tokens) {
  const int64_t padded = round_up(tokens, kPanelRows);
  auto* at = reinterpret_cast<float*>(scratch);
  return {at, at + padded * head_dim, at + 2 * padded * head_dim};
}

// One head of one sequence; q, k, v point at its first token's.
void attend(
    const float* q,
    const float* k,
    const float* v,
    int64_t stride,
    int64_t tokens,
    int64_t head_dim,
    const HeadScratch& scratch,
    float* out,
    int64_t out_stride) {
  const int64_t padded = round_up(tokens, kPanelRows);
  std::fill_n(scratch.keys, padded * head_dim, 0.0f);
  for (int64_t t = 0; t < tokens; ++t) {
    float* key = scratch.keys + t / kPanelRows * kPanelRows * head_dim;
    for (int64_t i = 0; i < head_dim; ++i) {
      key[i * kPanelRows + t % kPanelRows] = k[t * stride + i];
    }
    for (int64_t i = 0; i < head_dim; i += kPanelRows) {
      std::copy_n(
          v + t * stride + i,
          kPanelRows,
          scratch.values + i * tokens + t * kPanelRows);
    }
  }
  for (int64_t first = 0; first < tokens; first += kQueryBlock) {
    const int64_t count = std::min(kQueryBlock, tokens - first);
    packed_product(
        scratch.keys,
        nullptr,
        padded / kPanelRows,
        head_dim,
        q + first * stride,
        stride,
        count,
        scratch.scores,
        padded);
    for (int64_t t = 0; t < count; ++t) {
      softmax(scratch.scores + t * padded, tokens);
    }
    packed_product(
        scratch.values,
        nullptr,
        head_dim / kPanelRows,
        tokens,
        scratch.scores,
        padded,
        count,
        out + first * out_stride,
        out_stride);
  }
}

}  // namespace

void add_layer_norm(
    const float* x,
    const float* weight,
    const float* bias,
    float eps,
    int64_t tokens,
    int64_t cols,
    float* y,
    ThreadPool& pool) {
  target_name();
  pool.parallel_for(tokens, 16, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      HWY_DYNAMIC_DISPATCH(AddLayerNormToken)
      (x + t * cols, weight, bias, eps, cols, y + t * cols);
    }
  });
}

void gelu(float* x, int64_t n, ThreadPool& pool) {
  target_name();
  pool.parallel_for(n, 4096, [&](int64_t begin, int64_t end) {
    HWY_DYNAMIC_DISPATCH(Gelu)(x + begin, end - begin);
  });
}

int64_t encoder_attention_scratch(const EncoderHeads& shape, int64_t longest) {
  return 4 * round_up(longest, kPanelRows) * (2 * shape.head_dim + kQueryBlock);
}

void encoder_attention(
    const EncoderHeads& shape,
    const float* qkv,
    std::span<const int64_t> starts,
    float* out,
    ThreadPool& pool) {
  const int64_t width = shape.heads * shape.head_dim;
  const int64_t sequences = static_cast<int64_t>(starts.size()) - 1;
  int64_t longest = 0;
  for (size_t s = 0; s + 1 < starts.size(); ++s) {
    longest = std::max(longest, starts[s + 1] - starts[s]);
  }
  target_name();
  pool.reserve_scratch(encoder_attention_scratch(shape, longest));
  pool.parallel_for(
      sequences * shape.heads, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const auto s = static_cast<size_t>(i / shape.heads);
          const int64_t head = i % shape.heads * shape.head_dim;
          const int64_t tokens = starts[s + 1] - starts[s];
          const float* q = qkv + starts[s] * 3 * width + head;
          attend(
              q,
              q + width,
              q + 2 * width,
              3 * width,
              tokens,
              shape.head_dim,
              lay_out(pool.scratch(), shape.head_dim, tokens),
              out + starts[s] * width + head,
              width);
        }
      });
}

void dot_rows_f16(
    const uint16_t* rows,
    int64_t count,
    int64_t cols,
    const float* query,
    float* scores) {
  target_name();
  HWY_DYNAMIC_DISPATCH(DotRowsF16)(rows, count, cols, query, scores);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
