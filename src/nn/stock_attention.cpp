// SPDX-License-Identifier: MIT
// Attention over the budgeted cache with stock MLX operations: what a GPU
// stream runs, and what `--kernels mlx` runs on the CPU to test it.
#include "nn/stock_attention.h"

#include <algorithm>
#include <utility>

namespace bantam::nn {

namespace {

// [tokens, heads * head_dim] -> [1, heads, tokens, head_dim]
mx::array to_heads(
    const mx::array& x,
    int64_t heads,
    int64_t head_dim,
    const Compute& compute) {
  return mx::transpose(
      mx::reshape(
          x,
          {1, x.shape(0), static_cast<int>(heads), static_cast<int>(head_dim)},
          compute.stream),
      {0, 2, 1, 3},
      compute.stream);
}

// The first `dims` of each head times `amplitude`.
mx::array amplify(
    const mx::array& x,
    int dims,
    float amplitude,
    const Compute& compute) {
  std::vector<float> factors(x.shape(3), 1.0f);
  std::fill_n(factors.begin(), dims, amplitude);
  return mx::multiply(
      x,
      mx::astype(
          mx::array(factors.begin(), {x.shape(3)}, mx::float32),
          x.dtype(),
          compute.stream),
      compute.stream);
}

mx::array rotate(
    const mx::array& x,
    const Rope& rope,
    int64_t position,
    const Compute& compute) {
  // MLX takes periods over 2 pi, the inverse of our frequencies.
  std::vector<float> periods;
  for (const float frequency : rope.frequencies) {
    periods.push_back(1.0f / frequency);
  }
  const int rotated = static_cast<int>(2 * periods.size());
  const mx::array scaled =
      rope.amplitude == 1.0f ? x : amplify(x, rotated, rope.amplitude, compute);
  return mx::fast::rope(
      scaled,
      rotated,
      rope.interleaved,
      std::nullopt,
      1.0f,
      static_cast<int>(position),
      mx::array(
          periods.begin(), {static_cast<int>(periods.size())}, mx::float32),
      compute.stream);
}

// Writes tokens [from, from + count) of `fresh` to consecutive slots.
void write_slots(
    mx::array& cache,
    const mx::array& fresh,
    int64_t from,
    int64_t count,
    int64_t slot,
    const Compute& compute) {
  const int heads = cache.shape(1);
  const int dims = cache.shape(3);
  const int first = static_cast<int>(from);
  const int last = static_cast<int>(from + count);
  const mx::array part = mx::slice(
      fresh, {0, 0, first, 0}, {1, heads, last, dims}, compute.stream);
  cache = mx::slice_update(
      cache,
      part,
      mx::Shape{0, 0, static_cast<int>(slot), 0},
      mx::Shape{1, heads, static_cast<int>(slot + count), dims},
      compute.stream);
}

// Stores the tokens of a chunk that the budget keeps, run by run of
// neighbouring slots.
void store(
    KvLayer& cache,
    const mx::array& keys,
    const mx::array& values,
    int64_t position,
    const Compute& compute) {
  const int64_t tokens = keys.shape(2);
  const int64_t last = position + tokens - 1;
  const auto kept = [&](int64_t p) {
    return p < cache.sinks || p > last - (cache.budget - cache.sinks);
  };
  int64_t t = 0;
  while (t < tokens) {
    if (!kept(position + t)) {
      ++t;
      continue;
    }
    const int64_t slot = slot_of(position + t, cache.budget, cache.sinks);
    int64_t count = 1;
    while (t + count < tokens && kept(position + t + count) &&
           slot_of(position + t + count, cache.budget, cache.sinks) ==
               slot + count) {
      ++count;
    }
    write_slots(*cache.keys, keys, t, count, slot, compute);
    write_slots(*cache.values, values, t, count, slot, compute);
    t += count;
  }
}

// Which of the cached slots, then of the new tokens, each new token sees.
// -> bool [tokens, stored + tokens]
mx::array visibility(
    const KvLayer& cache,
    int64_t stored,
    int64_t position,
    int64_t tokens) {
  std::vector<int64_t> positions(stored + tokens);
  for (int64_t p = std::max<int64_t>(0, position - cache.budget); p < position;
       ++p) {
    positions[slot_of(p, cache.budget, cache.sinks)] = p;
  }
  for (int64_t p = 0; p < std::min(position, cache.sinks); ++p) {
    positions[p] = p;
  }
  for (int64_t t = 0; t < tokens; ++t) {
    positions[stored + t] = position + t;
  }
  std::vector<uint8_t> mask;
  mask.reserve(tokens * positions.size());
  for (int64_t t = 0; t < tokens; ++t) {
    const int64_t query = position + t;
    for (const int64_t p : positions) {
      mask.push_back(
          p <= query &&
          (p < cache.sinks || p > query - (cache.budget - cache.sinks)));
    }
  }
  return mx::array(
      mask.begin(),
      {static_cast<int>(tokens), static_cast<int>(positions.size())},
      mx::bool_);
}

mx::array first_slots(
    const mx::array& cache,
    int64_t count,
    const Compute& compute) {
  return mx::slice(
      cache,
      {0, 0, 0, 0},
      {1, cache.shape(1), static_cast<int>(count), cache.shape(3)},
      compute.stream);
}

std::optional<mx::array> sink_scores(
    const Attention& attention,
    mx::Dtype dtype) {
  if (attention.sink_scores.empty()) {
    return std::nullopt;
  }
  return mx::array(
      attention.sink_scores.begin(),
      {static_cast<int>(attention.sink_scores.size())},
      dtype);
}

}  // namespace

mx::array stock_attend(
    const mx::array& qkv,
    const Attention& attention,
    int64_t position,
    KvLayer& cache,
    const Compute& compute) {
  const kernels::AttentionShape& shape = attention.shape;
  const int q_width = static_cast<int>(attention.q_width());
  const int kv_width = static_cast<int>(attention.kv_width());
  const int64_t tokens = qkv.shape(0);
  const auto parts =
      mx::split(qkv, mx::Shape{q_width, q_width + kv_width}, 1, compute.stream);
  const auto prepare = [&](const mx::array& heads,
                           const std::optional<RmsNorm>& norm) {
    return rotate(
        norm ? norm->stock(heads, compute) : heads,
        attention.rope,
        position,
        compute);
  };
  mx::array q = to_heads(
      parts[0],
      shape.heads,
      (attention.gated ? 2 : 1) * shape.head_dim,
      compute);
  std::optional<mx::array> gate;
  if (attention.gated) {
    const auto halves = mx::split(q, 2, 3, compute.stream);
    q = halves[0];
    gate = halves[1];
  }
  q = prepare(q, attention.q_norm);
  if (attention.position_scale.at(position + tokens - 1) != 1.0f) {
    std::vector<float> factors;
    for (int64_t t = 0; t < tokens; ++t) {
      factors.push_back(attention.position_scale.at(position + t));
    }
    q = mx::multiply(
        q,
        mx::astype(
            mx::array(
                factors.begin(), {static_cast<int>(tokens), 1}, mx::float32),
            q.dtype(),
            compute.stream),
        compute.stream);
  }
  mx::array k = prepare(
      to_heads(parts[1], shape.kv_heads, shape.head_dim, compute),
      attention.k_norm);
  mx::array v = to_heads(parts[2], shape.kv_heads, shape.head_dim, compute);
  if (attention.v_norm) {
    v = attention.v_norm->stock(v, compute);
  }

  const int64_t stored = std::min(position, cache.budget);
  std::optional<mx::array> mask;
  if (tokens == 1) {
    // The slot that a single token overwrites is the one it no longer sees,
    // and the order of keys does not matter to softmax: no mask.
    store(cache, k, v, position, compute);
    const int64_t seen = std::min(position + 1, cache.budget);
    k = first_slots(*cache.keys, seen, compute);
    v = first_slots(*cache.values, seen, compute);
  } else {
    mask = visibility(cache, stored, position, tokens);
    const mx::array old_keys = first_slots(*cache.keys, stored, compute);
    const mx::array old_values = first_slots(*cache.values, stored, compute);
    store(cache, k, v, position, compute);
    k = mx::concatenate({old_keys, k}, 2, compute.stream);
    v = mx::concatenate({old_values, v}, 2, compute.stream);
  }
  mx::array heads = mx::fast::scaled_dot_product_attention(
      q,
      k,
      v,
      shape.scale,
      mask ? "array" : "",
      mask,
      sink_scores(attention, q.dtype()),
      false,
      compute.stream);
  if (gate) {
    heads =
        mx::multiply(heads, mx::sigmoid(*gate, compute.stream), compute.stream);
  }
  return mx::reshape(
      mx::transpose(heads, {0, 2, 1, 3}, compute.stream),
      {static_cast<int>(tokens),
       static_cast<int>(shape.heads * shape.head_dim)},
      compute.stream);
}

}  // namespace bantam::nn
