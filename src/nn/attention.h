// SPDX-License-Identifier: MIT
// Attention with rotary positions over a cache with a hard budget.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "kernels/attention.h"
#include "nn/compute.h"

namespace bantam::nn {

struct Rope {
  /// Angle per position of each rotated pair; [pairs].
  std::vector<float> frequencies;
  /// Pairs are (2i, 2i + 1), as GGUF files of some families store heads;
  /// otherwise (i, i + pairs).
  bool interleaved = false;
};

/// One layer's keys and values, in the form of the path in use. The first
/// `sinks` positions stay; the oldest of the rest make room.
struct KvLayer {
  int64_t budget = 0;  // tokens
  int64_t sinks = 0;
  kernels::KvSlots slots{};         // native
  std::optional<mx::array> keys;    // stock: [1, kv_heads, budget, head_dim]
  std::optional<mx::array> values;  // slots as in kernels::KvSlots
};

/// The slot of a position (see kernels::KvSlots).
inline int64_t slot_of(int64_t position, int64_t budget, int64_t sinks) {
  return position < budget ? position
                           : sinks + (position - sinks) % (budget - sinks);
}

/// qkv: [tokens, (heads + 2 kv_heads) * head_dim], the new tokens at
/// positions position, position + 1, ... Rotates queries and keys, answers
/// every query, keeps the new keys and values in `cache`.
/// -> [tokens, heads * head_dim].
mx::array attend(
    const mx::array& qkv,
    const kernels::AttentionShape& shape,
    const Rope& rope,
    int64_t position,
    KvLayer& cache,
    const Compute& compute);

}  // namespace bantam::nn
