// SPDX-License-Identifier: MIT
#include "nn/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/elementwise.h"
#include "kernels/scalar_math.h"
#include "nn/cpu_primitive.h"
#include "nn/stock_attention.h"

namespace bantam::nn {

namespace {

// The queries, keys and values of some tokens in a place of their own (other
// nodes may read the input too), normed and rotated.
struct HeadRows {
  float* q;
  float* k;
  float* v;
  int64_t stride;  // floats from token to token
};

HeadRows copy_heads(
    const float* qkv,
    int64_t tokens,
    const Attention& attention,
    float* to) {
  const int64_t head_dim = attention.shape.head_dim;
  const int64_t heads = attention.shape.heads;
  const int64_t kv = attention.kv_width();
  const int64_t from_stride = attention.q_width() + 2 * kv;
  const int64_t stride = heads * head_dim + 2 * kv;
  if (!attention.gated) {
    std::copy_n(qkv, tokens * stride, to);
  }
  for (int64_t t = 0; t < tokens && attention.gated; ++t) {
    const float* from = qkv + t * from_stride;
    float* row = to + t * stride;
    for (int64_t h = 0; h < heads; ++h) {
      std::copy_n(from + 2 * h * head_dim, head_dim, row + h * head_dim);
    }
    std::copy_n(from + attention.q_width(), 2 * kv, row + heads * head_dim);
  }
  float* k = to + heads * head_dim;
  return {.q = to, .k = k, .v = k + kv, .stride = stride};
}

// Heads whose rotary pairs are neighbours (x[2i], x[2i + 1]) with the first
// halves of all pairs in front instead: sums over a head's dimensions then run
// in the same order whichever way a file lays its rows out, so that a model
// gives the same bits in both formats.
void pairs_to_halves(
    float* x,
    int64_t stride,
    int64_t tokens,
    int64_t heads,
    int64_t head_dim,
    int64_t pairs) {
  std::vector<float> second(pairs);
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t h = 0; h < heads; ++h) {
      float* head = x + t * stride + h * head_dim;
      for (int64_t i = 0; i < pairs; ++i) {
        second[i] = head[2 * i + 1];
        head[i] = head[2 * i];
      }
      std::copy_n(second.data(), pairs, head + pairs);
    }
  }
}

void norm_and_rotate(
    const HeadRows& rows,
    int64_t tokens,
    int64_t position,
    const Attention& attention,
    kernels::ThreadPool& pool) {
  const kernels::AttentionShape& shape = attention.shape;
  const auto norm = [&](float* x, int64_t heads, const RmsNorm& by) {
    kernels::norm_heads(
        x,
        rows.stride,
        tokens,
        heads,
        shape.head_dim,
        by.weight().data(),
        by.eps(),
        pool);
  };
  if (attention.q_norm) {
    norm(rows.q, shape.heads, *attention.q_norm);
  }
  if (attention.k_norm) {
    norm(rows.k, shape.kv_heads, *attention.k_norm);
  }
  if (attention.v_norm) {
    norm(rows.v, shape.kv_heads, *attention.v_norm);
  }
  // Queries and keys lie side by side and turn alike.
  const Rope& rope = attention.rope;
  const int64_t heads = shape.heads + shape.kv_heads;
  const auto pairs = static_cast<int64_t>(rope.frequencies.size());
  if (rope.interleaved) {
    pairs_to_halves(rows.q, rows.stride, tokens, heads, shape.head_dim, pairs);
  }
  kernels::rope(
      rows.q,
      rows.stride,
      tokens,
      position,
      {.heads = heads,
       .head_dim = shape.head_dim,
       .pairs = pairs,
       .interleaved = false},
      rope.frequencies.data(),
      rope.amplitude,
      pool);
}

void scale_queries(
    const HeadRows& rows,
    int64_t tokens,
    int64_t position,
    const Attention& attention) {
  const int64_t width = attention.shape.heads * attention.shape.head_dim;
  for (int64_t t = 0; t < tokens; ++t) {
    const float factor = attention.position_scale.at(position + t);
    float* q = rows.q + t * rows.stride;
    for (int64_t i = 0; i < width && factor != 1.0f; ++i) {
      q[i] *= factor;
    }
  }
}

mx::array native_attend(
    const mx::array& qkv,
    const Attention& attention,
    int64_t position,
    KvLayer& cache,
    const Compute& compute) {
  const kernels::AttentionShape& shape = attention.shape;
  return cpu_primitive(
      "Attend",
      {qkv.shape(0), static_cast<int>(shape.heads * shape.head_dim)},
      mx::float32,
      {qkv},
      compute,
      [&attention, position, slots = cache.slots, compute](
          std::span<const mx::array> inputs, mx::array& out) {
        const int64_t tokens = inputs[0].shape(0);
        const float* input = inputs[0].data<float>();
        const HeadRows rows = copy_heads(
            input, tokens, attention, compute.workspace->floats.data());
        norm_and_rotate(rows, tokens, position, attention, *compute.pool);
        scale_queries(rows, tokens, position, attention);
        kernels::AttentionShape with_sinks = attention.shape;
        if (!attention.sink_scores.empty()) {
          with_sinks.sink_scores = attention.sink_scores.data();
        }
        kernels::attention(
            with_sinks,
            rows.q,
            rows.k,
            rows.v,
            rows.stride,
            tokens,
            position,
            slots,
            out.data<float>(),
            compute.workspace->attention.data(),
            *compute.pool);
        if (attention.gated) {
          const int64_t head_dim = attention.shape.head_dim;
          kernels::gate_heads(
              out.data<float>(),
              input + head_dim,
              inputs[0].shape(1),
              2 * head_dim,
              tokens,
              attention.shape.heads,
              head_dim,
              *compute.pool);
        }
      });
}

}  // namespace

void Attention::prepare(const Compute& compute) {
  if (compute.path != KernelPath::stock) {
    return;
  }
  const auto array_of = [](const std::vector<float>& values) {
    return mx::array(
        values.begin(), {static_cast<int>(values.size())}, mx::float32);
  };
  std::vector<float> periods;
  for (const float frequency : rope.frequencies) {
    periods.push_back(1.0f / frequency);
  }
  const auto weight_of = [&](const std::optional<RmsNorm>& norm) {
    return array_of(norm ? norm->weight() : std::vector<float>{1.0f});
  };
  stock = {
      .periods = array_of(periods),
      .frequencies = array_of(rope.frequencies),
      .q_norm = weight_of(q_norm),
      .k_norm = weight_of(k_norm),
      .factors = array_of(
          {q_norm ? q_norm->eps() : 0.0f,
           k_norm ? k_norm->eps() : 0.0f,
           rope.amplitude})};
}

float PositionScale::at(int64_t position) const {
  if (beta == 0 || position < period) {
    return 1.0f;
  }
  const auto periods = static_cast<double>(position / period);
  return static_cast<float>(
      1 + static_cast<double>(beta) * kernels::steady_log1p(periods));
}

mx::array attend(
    const mx::array& qkv,
    const Attention& attention,
    int64_t position,
    KvLayer& cache,
    const Compute& compute) {
  if (compute.path == KernelPath::native) {
    return native_attend(qkv, attention, position, cache, compute);
  }
  return stock_attend(qkv, attention, position, cache, compute);
}

}  // namespace bantam::nn
