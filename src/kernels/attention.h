// SPDX-License-Identifier: MIT
// Causal attention of new tokens over a key/value cache with a hard budget:
// the first `sinks` tokens stay, the oldest of the rest are dropped.
//
// Which keys a token sees depends on its position alone, never on chunks: the
// token at position p sees j <= p with j < sinks or j > p - (budget - sinks).
// Scores, exponentials and the weighted sum run over those j in ascending
// order: acc[i % 16] by the rank i of j among them for the sum of
// exponentials (then the pairwise tree), one running fma per output dimension
// for the values. Hence the same bits for whole prompt, chunks and single
// tokens.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kv_rows.h"
#include "kernels/thread_pool.h"

namespace bantam::kernels {

/// One layer's cache, in rows as kv_rows.h describes. Slot of position p: p
/// while p < budget, else sinks + (p - sinks) % (budget - sinks).
struct KvSlots {
  std::byte* keys;    // [kv_heads, budget] rows of kv_row_bytes(head_dim, bits)
  std::byte* values;  // the same
  int64_t budget;     // > sinks
  int64_t sinks;
  int bits = 16;  // 16, 8 or 4
};

struct AttentionShape {
  int64_t heads;
  int64_t kv_heads;  // divides heads
  int64_t head_dim;
  float scale;
  /// [heads] or null: a score for each head that takes its share in softmax
  /// and has no value (gpt-oss's attention sinks).
  const float* sink_scores = nullptr;
};

/// Bytes of scratch for `attention`, per the memory plan.
int64_t attention_scratch_bytes(
    const AttentionShape& shape,
    int64_t budget,
    int64_t max_tokens,
    int threads);

/// q: [tokens, heads * head_dim] and k, v: [tokens, kv_heads * head_dim],
/// each `stride` floats from token to token, rope applied. The new tokens have
/// positions position .. position + tokens - 1. Keys and values are rounded to
/// what `cache` holds before use, also within the chunk, and stored in it
/// (those that the chunk itself drops need not be) after every query is
/// answered.
/// out: [tokens, heads * head_dim], dense. scratch: attention_scratch_bytes.
void attention(
    const AttentionShape& shape,
    const float* q,
    const float* k,
    const float* v,
    int64_t stride,
    int64_t tokens,
    int64_t position,
    const KvSlots& cache,
    float* out,
    void* scratch,
    ThreadPool& pool);

}  // namespace bantam::kernels
