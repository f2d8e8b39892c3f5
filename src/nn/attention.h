// SPDX-License-Identifier: MIT
// Attention with rotary positions over a cache with a hard budget.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/attention.h"
#include "nn/compute.h"
#include "nn/norm.h"

namespace bantam::nn {

struct Rope {
  /// Angle per position of each rotated pair; [pairs]. The dimensions of a
  /// head beyond 2 * pairs stay as they are.
  std::vector<float> frequencies;
  /// Pairs are (2i, 2i + 1), as GGUF files of some families store heads;
  /// otherwise (i, i + pairs).
  bool interleaved = false;
  /// Rotated dimensions are multiplied by it (YaRN's).
  float amplitude = 1.0f;
};

/// Queries at position p are multiplied by 1 + beta log(1 + floor(p /
/// period)): attention sharpens as a context grows beyond the trained one.
struct PositionScale {
  float beta = 0;  // 0: they are not
  int64_t period = 1;

  float at(int64_t position) const;
};

/// What lies between the projections of an attention layer. Their output, and
/// so attend()'s input, holds for each token the queries of all heads, then
/// keys, then values.
struct Attention {
  kernels::AttentionShape shape{};
  Rope rope;
  /// Norms over each head of queries and keys, before they are rotated.
  std::optional<RmsNorm> q_norm;
  std::optional<RmsNorm> k_norm;
  /// The same for values, which are not rotated.
  std::optional<RmsNorm> v_norm;
  PositionScale position_scale;
  /// Each head's query is followed by a gate of the same width; the head's
  /// result is multiplied by the gate's sigmoid.
  bool gated = false;
  /// [heads]: see kernels::AttentionShape; empty: none.
  std::vector<float> sink_scores;

  /// What the stock path needs of the above, made once.
  struct Stock {
    mx::array periods;  // float32 [pairs], MLX's way to give frequencies
    // Of the GPU's own kernel, float32.
    mx::array frequencies;  // [pairs]
    mx::array q_norm;       // [head_dim], or [1] where there is no norm
    mx::array k_norm;
    mx::array factors;  // [3]: eps of both norms, the rope's amplitude
  };
  std::optional<Stock> stock;

  /// Fills `stock` on the stock path; to be called when all else is set.
  void prepare(const Compute& compute);

  int64_t q_width() const {
    return (gated ? 2 : 1) * shape.heads * shape.head_dim;
  }
  int64_t kv_width() const { return shape.kv_heads * shape.head_dim; }
};

/// Keys (or values) on the stock path, [1, kv_heads, budget, ...]: one array of
/// all dimensions, or, in 8 or 4 bits, MLX's packed integers with float16
/// scales and biases for groups of kernels::kKvGroup.
using StockRows = std::vector<mx::array>;

/// Zeros.
StockRows make_stock_rows(
    int64_t kv_heads,
    int64_t budget,
    int64_t head_dim,
    int bits,
    const Compute& compute);

/// One layer's keys and values, in the form of the path in use. The first
/// `sinks` positions stay; the oldest of the rest make room.
struct KvLayer {
  int64_t budget = 0;  // tokens
  int64_t sinks = 0;
  kernels::KvSlots slots{};  // native
  int bits = 16;             // stock
  StockRows keys;            // slots as in kernels::KvSlots
  StockRows values;
};

/// The slot of a position (see kernels::KvSlots).
inline int64_t slot_of(int64_t position, int64_t budget, int64_t sinks) {
  return position < budget ? position
                           : sinks + (position - sinks) % (budget - sinks);
}

/// qkv: [tokens, q_width + 2 kv_width], the new tokens at positions position,
/// position + 1, ... Answers every query, keeps the new keys and values in
/// `cache`. `attention` must live until the result is evaluated.
/// -> [tokens, heads * head_dim].
mx::array attend(
    const mx::array& qkv,
    const Attention& attention,
    int64_t position,
    KvLayer& cache,
    const Compute& compute);

}  // namespace bantam::nn
