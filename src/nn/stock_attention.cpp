// SPDX-License-Identifier: MIT
// Attention over the budgeted cache with stock MLX operations: what a GPU
// stream runs, and what `--kernels mlx` runs on the CPU to test it.
#include "nn/stock_attention.h"

#include <algorithm>
#include <utility>

#include "nn/gpu_blocks.h"
#include "nn/gpu_kernel.h"

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
    const Attention& attention,
    int64_t position,
    const Compute& compute) {
  const Rope& rope = attention.rope;
  const int rotated = static_cast<int>(2 * rope.frequencies.size());
  const mx::array scaled =
      rope.amplitude == 1.0f ? x : amplify(x, rotated, rope.amplitude, compute);
  return mx::fast::rope(
      scaled,
      rotated,
      rope.interleaved,
      std::nullopt,
      1.0f,
      static_cast<int>(position),
      attention.stock->periods,
      compute.stream);
}

// The Walsh-Hadamard transform of every group (kernels/kv_rows.h), of length
// one: it undoes itself.
mx::array transform(const mx::array& rows, int bits, const Compute& compute) {
  if (bits >= 16) {
    return rows;
  }
  mx::Shape groups = rows.shape();
  const int group = static_cast<int>(kernels::kKvGroup);
  groups.back() /= group;
  groups.push_back(group);
  return mx::reshape(
      mx::hadamard_transform(
          mx::reshape(rows, groups, compute.stream),
          std::nullopt,
          compute.stream),
      rows.shape(),
      compute.stream);
}

StockRows pack_rows(const mx::array& rows, int bits, const Compute& compute) {
  if (bits >= 16) {
    return {rows};
  }
  return mx::quantize(
      mx::astype(transform(rows, bits, compute), mx::float16, compute.stream),
      static_cast<int>(kernels::kKvGroup),
      bits,
      "affine",
      std::nullopt,
      compute.stream);
}

mx::array unpack_rows(const StockRows& rows, int bits, const Compute& compute) {
  if (bits >= 16) {
    return rows.front();
  }
  return mx::astype(
      mx::dequantize(
          rows[0],
          rows[1],
          rows[2],
          static_cast<int>(kernels::kKvGroup),
          bits,
          "affine",
          std::nullopt,
          std::nullopt,
          compute.stream),
      compute.dtype,
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
    const StockRows& keys,
    const StockRows& values,
    int64_t position,
    const Compute& compute) {
  const int64_t tokens = keys.front().shape(2);
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
    for (size_t part = 0; part < keys.size(); ++part) {
      write_slots(cache.keys[part], keys[part], t, count, slot, compute);
      write_slots(cache.values[part], values[part], t, count, slot, compute);
    }
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

StockRows first_slots(
    const StockRows& cache,
    int64_t count,
    const Compute& compute) {
  StockRows rows;
  for (const mx::array& part : cache) {
    rows.push_back(
        mx::slice(
            part,
            {0, 0, 0, 0},
            {1, part.shape(1), static_cast<int>(count), part.shape(3)},
            compute.stream));
  }
  return rows;
}

// The slots in use, then the new tokens.
StockRows append_rows(
    const StockRows& old,
    const StockRows& fresh,
    const Compute& compute) {
  StockRows rows;
  for (size_t part = 0; part < fresh.size(); ++part) {
    rows.push_back(
        mx::concatenate({old[part], fresh[part]}, 2, compute.stream));
  }
  return rows;
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

// The heads in `qkv`, normed, rotated and scaled.
HeadArrays stock_heads(
    const mx::array& qkv,
    const Attention& attention,
    int64_t position,
    const Compute& compute) {
  const kernels::AttentionShape& shape = attention.shape;
  const int64_t tokens = qkv.shape(0);
  const int q_width = static_cast<int>(attention.q_width());
  const int kv_width = static_cast<int>(attention.kv_width());
  const auto parts =
      mx::split(qkv, mx::Shape{q_width, q_width + kv_width}, 1, compute.stream);
  const auto prepare = [&](const mx::array& heads,
                           const std::optional<RmsNorm>& norm) {
    return rotate(
        norm ? norm->stock(heads, compute) : heads,
        attention,
        position,
        compute);
  };
  mx::array q = to_heads(
      parts[0],
      shape.heads,
      (attention.gated ? 2 : 1) * shape.head_dim,
      compute);
  if (attention.gated) {
    q = mx::split(q, 2, 3, compute.stream)[0];
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
  mx::array v = to_heads(parts[2], shape.kv_heads, shape.head_dim, compute);
  return {
      .q = q,
      .k = prepare(
          to_heads(parts[1], shape.kv_heads, shape.head_dim, compute),
          attention.k_norm),
      .v = attention.v_norm ? attention.v_norm->stock(v, compute) : v};
}

// [1, heads, tokens, head_dim] times the gates in `qkv`, if there are any
// -> [tokens, heads * head_dim]
mx::array gate(
    const mx::array& heads,
    const mx::array& qkv,
    const Attention& attention,
    const Compute& compute) {
  const kernels::AttentionShape& shape = attention.shape;
  const int tokens = heads.shape(2);
  const int width = static_cast<int>(shape.heads * shape.head_dim);
  if (attention.gated && has_gpu_kernels(compute)) {
    return gpu_gate_heads(heads, qkv, attention, compute);
  }
  const mx::array rows = mx::reshape(
      mx::transpose(heads, {0, 2, 1, 3}, compute.stream),
      {tokens, width},
      compute.stream);
  if (!attention.gated) {
    return rows;
  }
  const int parts = static_cast<int>(2 * shape.head_dim);
  const mx::array queries = mx::reshape(
      mx::slice(qkv, {0, 0}, {tokens, 2 * width}, compute.stream),
      {tokens, static_cast<int>(shape.heads), parts},
      compute.stream);
  const mx::array gates = mx::reshape(
      mx::split(queries, 2, 2, compute.stream)[1],
      {tokens, width},
      compute.stream);
  return mx::multiply(rows, mx::sigmoid(gates, compute.stream), compute.stream);
}

struct Seen {
  StockRows keys;
  StockRows values;
  const char* mask_mode = "";
  std::optional<mx::array> mask = std::nullopt;
};

// Stores the new keys and values; what the new tokens then see.
Seen store_and_see(
    KvLayer& cache,
    const HeadArrays& heads,
    int64_t position,
    const Compute& compute) {
  const int64_t tokens = heads.k.shape(2);
  const StockRows fresh_keys = pack_rows(heads.k, cache.bits, compute);
  const StockRows fresh_values = pack_rows(heads.v, cache.bits, compute);
  // A single token overwrites the slot that it no longer sees, and the order
  // of keys does not matter to softmax. While nothing is dropped slots are in
  // order, as "causal" wants them.
  if (tokens == 1 || position + tokens <= cache.budget) {
    store(cache, fresh_keys, fresh_values, position, compute);
    const int64_t seen = std::min(position + tokens, cache.budget);
    return {
        .keys = first_slots(cache.keys, seen, compute),
        .values = first_slots(cache.values, seen, compute),
        .mask_mode = tokens == 1 ? "" : "causal"};
  }
  const int64_t stored = std::min(position, cache.budget);
  const mx::array mask = visibility(cache, stored, position, tokens);
  const StockRows keys = first_slots(cache.keys, stored, compute);
  const StockRows values = first_slots(cache.values, stored, compute);
  store(cache, fresh_keys, fresh_values, position, compute);
  return {
      .keys = append_rows(keys, fresh_keys, compute),
      .values = append_rows(values, fresh_values, compute),
      .mask_mode = "array",
      .mask = mask};
}

}  // namespace

StockRows make_stock_rows(
    int64_t kv_heads,
    int64_t budget,
    int64_t head_dim,
    int bits,
    const Compute& compute) {
  const auto zeros = [&](int64_t width, mx::Dtype dtype) {
    return mx::zeros(
        {1,
         static_cast<int>(kv_heads),
         static_cast<int>(budget),
         static_cast<int>(width)},
        dtype,
        compute.stream);
  };
  if (bits >= 16) {
    return {zeros(head_dim, compute.dtype)};
  }
  const int64_t groups = head_dim / kernels::kKvGroup;
  return {
      zeros(head_dim * bits / 32, mx::uint32),
      zeros(groups, mx::float16),
      zeros(groups, mx::float16)};
}

mx::array stock_attend(
    const mx::array& qkv,
    const Attention& attention,
    int64_t position,
    KvLayer& cache,
    const Compute& compute) {
  const HeadArrays heads = has_gpu_heads(attention, compute)
      ? gpu_heads(
            qkv,
            attention,
            mx::array({static_cast<int32_t>(position)}, mx::int32),
            compute)
      : stock_heads(qkv, attention, position, compute);
  const Seen seen = store_and_see(cache, heads, position, compute);
  const mx::array mixed = mx::fast::scaled_dot_product_attention(
      transform(heads.q, cache.bits, compute),
      unpack_rows(seen.keys, cache.bits, compute),
      unpack_rows(seen.values, cache.bits, compute),
      attention.shape.scale,
      seen.mask_mode,
      seen.mask,
      sink_scores(attention, heads.q.dtype()),
      false,
      compute.stream);
  return gate(transform(mixed, cache.bits, compute), qkv, attention, compute);
}

}  // namespace bantam::nn
