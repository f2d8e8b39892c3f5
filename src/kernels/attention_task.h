// SPDX-License-Identifier: MIT
// One call of attention() cut into blocks of tokens by key/value heads, and
// where each visible key lies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/attention.h"

namespace bantam::kernels {

/// Keys of a block of tokens: sinks, then a window of positions. Key `u` of
/// `count` in ascending order; a token of the block sees the first
/// sinks_of(token), then window_begin(token) .. window_end(token).
struct VisibleKeys {
  int64_t first_position;  // of the block's first token
  int64_t sinks;           // sinks that the block's last token sees
  int64_t window_first;    // position of the first key after the sinks
  int64_t window;          // keys that a token sees beside the sinks
  int64_t count;

  VisibleKeys(int64_t first, int64_t tokens, const KvSlots& cache)
      : first_position(first),
        sinks(std::min(cache.sinks, first + tokens)),
        window_first(
            std::max(cache.sinks, first - (cache.budget - cache.sinks) + 1)),
        window(cache.budget - cache.sinks),
        count(sinks + std::max<int64_t>(0, first + tokens - window_first)) {}

  int64_t position(int64_t u) const {
    return u < sinks ? u : window_first + (u - sinks);
  }
  int64_t sinks_of(int64_t token) const {
    return std::min(sinks, first_position + token + 1);
  }
  int64_t window_begin(int64_t token) const {
    const int64_t oldest = first_position + token - window + 1;
    return sinks + std::max<int64_t>(0, oldest - window_first);
  }
  int64_t window_end(int64_t token) const {
    return std::max(
        window_begin(token), sinks + first_position + token + 1 - window_first);
  }
};

struct AttentionTask {
  AttentionShape shape;
  const float* q;
  int64_t stride;
  int64_t tokens;
  int64_t position;
  KvSlots cache;
  int64_t row_bytes;        // of a key or value, in the cache's form
  std::byte* chunk_keys;    // [kv_heads, tokens] rows
  std::byte* chunk_values;  // the same
  float* out;
  int64_t block_tokens;  // tokens of one block
  int64_t score_stride;  // floats from one query's scores to the next's

  int64_t group() const { return shape.heads / shape.kv_heads; }
  int64_t slot(int64_t p) const {
    return p < cache.budget
        ? p
        : cache.sinks + (p - cache.sinks) % (cache.budget - cache.sinks);
  }
  /// The row of the key (or value) at a position that is still there.
  const std::byte* row(bool of_keys, int64_t kv_head, int64_t p) const {
    if (p >= position) {
      return (of_keys ? chunk_keys : chunk_values) +
          (kv_head * tokens + p - position) * row_bytes;
    }
    return (of_keys ? cache.keys : cache.values) +
        (kv_head * cache.budget + slot(p)) * row_bytes;
  }
};

inline int64_t padded16(int64_t n) {
  return (n + 15) / 16 * 16;
}

/// Keys that are converted at a time: 16 KiB of floats, a multiple of 16.
inline int64_t keys_of_block(int64_t head_dim) {
  return std::clamp<int64_t>(4096 / padded16(head_dim) / 16 * 16, 16, 64);
}

/// What one block works in, carved from a thread's scratch.
struct AttentionScratch {
  float* queries;  // [block tokens * group, padded head_dim], scaled
  float* sums;     // the same: weighted sums of values
  float* rows;     // [keys_of_block, padded head_dim]: keys or values
  float* scores;   // [block tokens * group, score_stride]

  static int64_t bytes(
      int64_t queries_count,
      int64_t head_dim,
      int64_t score_stride) {
    const int64_t dims = padded16(head_dim);
    return 4 *
        (2 * queries_count * dims + keys_of_block(head_dim) * dims +
         queries_count * score_stride);
  }
  AttentionScratch(std::byte* at, int64_t queries_count, int64_t head_dim) {
    const int64_t dims = padded16(head_dim);
    queries = reinterpret_cast<float*>(at);
    sums = queries + queries_count * dims;
    rows = sums + queries_count * dims;
    scores = rows + keys_of_block(head_dim) * dims;
  }
};

}  // namespace bantam::kernels
