// SPDX-License-Identifier: MIT
// Attention of a block of tokens, for all query heads of one key/value head:
// each key and value is converted once for all of them. Scores, exponentials
// and sums keep the order of attention.h.
#if defined(BANTAM_KERNELS_ATTENTION_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef BANTAM_KERNELS_ATTENTION_BLOCK_INL_H_
#undef BANTAM_KERNELS_ATTENTION_BLOCK_INL_H_
#else
#define BANTAM_KERNELS_ATTENTION_BLOCK_INL_H_
#endif

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/attention_task.h"
#include "kernels/partial-inl.h"

HWY_BEFORE_NAMESPACE();
namespace bantam::kernels::BANTAM_TARGET {
namespace hn = hwy::HWY_NAMESPACE;

// Dimensions summed in registers at a time, for up to kTileHeads queries.
constexpr int64_t kSlabVectors = kLanes == 8 ? 2 : 4;
constexpr int64_t kSlab = kSlabVectors * static_cast<int64_t>(kLanes);
constexpr int64_t kTileHeads = 4;

// n floats as float16.
void RoundRow(const float* from, int64_t n, uint16_t* to) {
  const DF d;
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= n; i += kLanes) {
    store_f16(hn::LoadU(d, from + i), d, to + i);
  }
  for (; i < n; ++i) {
    to[i] = f32_to_f16(from[i]);
  }
}

// n halves as floats, padded with zeros to a multiple of 16.
HWY_INLINE void widen_row(const uint16_t* from, int64_t n, float* to) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    store16(load16_f16(from + i), to + i);
  }
  if (i < n) {
    std::fill_n(to + i, 16, 0.0f);
    for (; i < n; ++i) {
      to[i] = f16_to_f32(from[i]);
    }
  }
}

// Sixteen bytes as floats.
HWY_INLINE Lanes16 load16_u8(const uint8_t* from) {
  const hn::Rebind<uint8_t, DF> d;
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    out.part[i] = hn::ConvertTo(
        DF(), hn::PromoteTo(DI(), hn::LoadU(d, from + i * kLanes)));
  }
  return out;
}

// The low (or high) halves of sixteen bytes as floats.
template <bool kHigh>
HWY_INLINE Lanes16 load16_u4(const uint8_t* from) {
  const hn::Rebind<uint8_t, DF> d;
  Lanes16 out;
  for (size_t i = 0; i < kParts; ++i) {
    const VI bytes = hn::PromoteTo(DI(), hn::LoadU(d, from + i * kLanes));
    out.part[i] = hn::ConvertTo(
        DF(),
        kHigh ? hn::ShiftRight<4>(bytes) : hn::And(bytes, hn::Set(DI(), 0x0F)));
  }
  return out;
}

// A row of kv_rows.h in 8 or 4 bits as floats.
template <int kBits>
HWY_INLINE void unpack_row(const std::byte* row, int64_t n, float* to) {
  const auto* from = reinterpret_cast<const uint8_t*>(row);
  for (int64_t k = 0; k < n; k += kKvGroup) {
    uint16_t head[2];
    std::memcpy(head, from, sizeof(head));
    from += kKvGroupHead;
    const Lanes16 scale = set16(f16_to_f32(head[0]));
    const Lanes16 offset = set16(f16_to_f32(head[1]));
    const Lanes16 low = kBits == 8 ? load16_u8(from) : load16_u4<false>(from);
    const Lanes16 high =
        kBits == 8 ? load16_u8(from + 16) : load16_u4<true>(from);
    store16(fused16(low, scale, offset), to + k);
    store16(fused16(high, scale, offset), to + k + 16);
    from += kKvGroup * kBits / 8;
  }
}

HWY_INLINE void load_row(const std::byte* row, int bits, int64_t n, float* to) {
  switch (bits) {
    case 8:
      return unpack_row<8>(row, n, to);
    case 4:
      return unpack_row<4>(row, n, to);
    default:
      return widen_row(reinterpret_cast<const uint16_t*>(row), n, to);
  }
}

// Rows of keys u .. u + count - 1 into scratch.rows.
HWY_NOINLINE void load_rows(
    const AttentionTask& task,
    const VisibleKeys& keys,
    bool of_keys,
    int64_t kv_head,
    int64_t u,
    int64_t count,
    float* rows) {
  const int64_t dims = padded16(task.shape.head_dim);
  for (int64_t i = 0; i < count; ++i) {
    load_row(
        task.row(of_keys, kv_head, keys.position(u + i)),
        task.cache.bits,
        task.shape.head_dim,
        rows + i * dims);
  }
}

// Queries times scale (transformed, where keys are), padded with zeros. Query
// token * group + head.
HWY_INLINE void load_queries(
    const AttentionTask& task,
    int64_t kv_head,
    int64_t first,
    int64_t tokens,
    float* queries) {
  const int64_t dims = padded16(task.shape.head_dim);
  const int64_t group = task.group();
  const Lanes16 scale = set16(task.shape.scale);
  for (int64_t i = 0; i < tokens * group; ++i) {
    const float* from = task.q + (first + i / group) * task.stride +
        (kv_head * group + i % group) * task.shape.head_dim;
    for_each16(task.shape.head_dim, [&](int64_t k, size_t count) HWY_ATTR {
      store16(
          mul16(load16_partial(from + k, count), scale),
          queries + i * dims + k);
    });
    if (task.cache.bits < 16) {
      transform_kv_groups(queries + i * dims, task.shape.head_dim, kReadFactor);
    }
  }
}

// Sixteen scores of one query. kDims: padded head_dim / 16, or 0 if it is known
// at run time alone.
template <int64_t kDims>
HWY_INLINE Lanes16
block_scores(const float* query, const float* rows, int64_t dims) {
  const int64_t chunks = kDims > 0 ? kDims : dims / 16;
  Lanes16 q[kDims > 0 ? kDims : 1];
  for (int64_t c = 0; c < kDims; ++c) {
    q[c] = load16(query + c * 16);
  }
  return trees16([&](size_t i) HWY_ATTR {
    const float* key = rows + static_cast<int64_t>(i) * chunks * 16;
    Lanes16 acc = zero16();
#pragma GCC unroll 8
    for (int64_t c = 0; c < chunks; ++c) {
      const Lanes16 part = kDims > 0 ? q[c] : load16(query + c * 16);
      acc = fused16(part, load16(key + c * 16), acc);
    }
    return acc;
  });
}

// Scores of every query of a block with `count` keys from `u` on; rows past
// them may hold anything, and so may their scores.
template <int64_t kDims>
HWY_NOINLINE void all_block_scores(
    const AttentionTask& task,
    const AttentionScratch& scratch,
    int64_t queries,
    int64_t u,
    int64_t count) {
  const int64_t dims = padded16(task.shape.head_dim);
  for (int64_t k = 0; k < count; k += 16) {
    for (int64_t i = 0; i < queries; ++i) {
      store16(
          block_scores<kDims>(
              scratch.queries + i * dims, scratch.rows + k * dims, dims),
          scratch.scores + i * task.score_stride + u + k);
    }
  }
}

// x = e^(x - largest) over n scores; returns 1 / their sum. A sink's score is
// one more, added last.
HWY_NOINLINE float softmax_weights(float* x, int64_t n, const float* sink) {
  const DF d;
  VF most = hn::Set(d, -std::numeric_limits<float>::infinity());
  int64_t i = 0;
  for (; i + static_cast<int64_t>(kLanes) <= n; i += kLanes) {
    most = hn::Max(most, hn::LoadU(d, x + i));
  }
  float largest = max_lane(most);
  for (; i < n; ++i) {
    largest = std::max(largest, x[i]);
  }
  if (sink != nullptr) {
    largest = std::max(largest, *sink);
  }
  const Lanes16 minus = set16(-largest);
  Lanes16 acc = zero16();
  for_each16(n, [&](int64_t k, size_t count) HWY_ATTR {
    const Lanes16 e = exp16(add16(load16_partial(x + k, count), minus));
    acc = first16(count, add16(acc, e), acc);
    store16_partial(e, x + k, count);
  });
  if (sink == nullptr) {
    return 1.0f / tree16(acc);
  }
  float share[16];
  store16(exp16(add16(set16(*sink), minus)), share);
  return 1.0f / (tree16(acc) + share[0]);
}

// sums[h] += weight[h][i] * rows[i], i ascending, for kHeads queries.
template <int64_t kHeads>
HWY_NOINLINE void add_rows(
    const float* rows,
    int64_t count,
    int64_t dims,
    const float* const (&weights)[kHeads],
    float* const (&sums)[kHeads]) {
  const DF d;
  int64_t k = 0;
  for (; k + kSlab <= dims; k += kSlab) {
    VF acc[kHeads][kSlabVectors];
#pragma GCC unroll 4
    for (int64_t h = 0; h < kHeads; ++h) {
#pragma GCC unroll 4
      for (int64_t v = 0; v < kSlabVectors; ++v) {
        acc[h][v] = hn::LoadU(d, sums[h] + k + v * kLanes);
      }
    }
    for (int64_t i = 0; i < count; ++i) {
      VF value[kSlabVectors];
#pragma GCC unroll 4
      for (int64_t v = 0; v < kSlabVectors; ++v) {
        value[v] = hn::LoadU(d, rows + i * dims + k + v * kLanes);
      }
#pragma GCC unroll 4
      for (int64_t h = 0; h < kHeads; ++h) {
        const VF e = hn::Set(d, weights[h][i]);
#pragma GCC unroll 4
        for (int64_t v = 0; v < kSlabVectors; ++v) {
          acc[h][v] = fused(e, value[v], acc[h][v]);
        }
      }
    }
#pragma GCC unroll 4
    for (int64_t h = 0; h < kHeads; ++h) {
#pragma GCC unroll 4
      for (int64_t v = 0; v < kSlabVectors; ++v) {
        hn::StoreU(acc[h][v], d, sums[h] + k + v * kLanes);
      }
    }
  }
  for (; k < dims; k += 16) {  // head_dim no multiple of a slab
    for (int64_t h = 0; h < kHeads; ++h) {
      Lanes16 acc = load16(sums[h] + k);
      for (int64_t i = 0; i < count; ++i) {
        acc = fused16(set16(weights[h][i]), load16(rows + i * dims + k), acc);
      }
      store16(acc, sums[h] + k);
    }
  }
}

// The same for all query heads of one token, a few at a time.
HWY_INLINE void add_rows_to_heads(
    const float* rows,
    int64_t count,
    int64_t dims,
    int64_t heads,
    const float* weights,
    int64_t weight_stride,
    float* sums) {
  const auto tile = [&]<int64_t kHeads>(int64_t h) HWY_ATTR {
    const float* w[kHeads];
    float* s[kHeads];
    for (int64_t i = 0; i < kHeads; ++i) {
      w[i] = weights + (h + i) * weight_stride;
      s[i] = sums + (h + i) * dims;
    }
    add_rows<kHeads>(rows, count, dims, w, s);
  };
  int64_t h = 0;
  for (; h + kTileHeads <= heads; h += kTileHeads) {
    tile.template operator()<kTileHeads>(h);
  }
  switch (heads - h) {
    case 3:
      return tile.template operator()<3>(h);
    case 2:
      return tile.template operator()<2>(h);
    case 1:
      return tile.template operator()<1>(h);
    default:
      return;
  }
}

// Weighted sums of the values for every token of the block.
HWY_INLINE void sum_values(
    const AttentionTask& task,
    const VisibleKeys& keys,
    int64_t kv_head,
    int64_t tokens,
    const AttentionScratch& scratch) {
  const int64_t dims = padded16(task.shape.head_dim);
  const int64_t group = task.group();
  std::fill_n(scratch.sums, tokens * group * dims, 0.0f);
  const int64_t step = keys_of_block(task.shape.head_dim);
  for (int64_t u = 0; u < keys.count; u += step) {
    const int64_t end = std::min(u + step, keys.count);
    load_rows(task, keys, false, kv_head, u, end - u, scratch.rows);
    for (int64_t t = 0; t < tokens; ++t) {
      // Weights are compact by rank: the keys between the token's sinks and
      // its window are left out.
      const float* weights = scratch.scores + t * group * task.score_stride;
      const int64_t sinks = keys.sinks_of(t);
      const int64_t begin = keys.window_begin(t);
      const auto add = [&](int64_t from, int64_t to, int64_t rank) HWY_ATTR {
        if (from < to) {
          add_rows_to_heads(
              scratch.rows + (from - u) * dims,
              to - from,
              dims,
              group,
              weights + rank,
              task.score_stride,
              scratch.sums + t * group * dims);
        }
      };
      add(u, std::min(end, sinks), u);
      const int64_t from = std::max(u, begin);
      add(from, std::min(end, keys.window_end(t)), sinks + from - begin);
    }
  }
}

// Scores of the whole block with every key that one of its tokens sees.
HWY_INLINE void score_keys(
    const AttentionTask& task,
    const VisibleKeys& keys,
    int64_t kv_head,
    int64_t tokens,
    const AttentionScratch& scratch) {
  const int64_t dims = padded16(task.shape.head_dim);
  const int64_t queries = tokens * task.group();
  const int64_t step = keys_of_block(task.shape.head_dim);
  for (int64_t u = 0; u < keys.count; u += step) {
    const int64_t count = std::min(step, keys.count - u);
    load_rows(task, keys, true, kv_head, u, count, scratch.rows);
    if (dims == 64) {
      all_block_scores<4>(task, scratch, queries, u, count);
    } else if (dims == 128) {
      all_block_scores<8>(task, scratch, queries, u, count);
    } else {
      all_block_scores<0>(task, scratch, queries, u, count);
    }
  }
}

// One block: tokens [first, first + tokens) of the chunk and the query heads of
// one key/value head.
void AttendBlock(
    const AttentionTask& task,
    int64_t kv_head,
    int64_t first,
    int64_t tokens,
    std::byte* memory) {
  const int64_t head_dim = task.shape.head_dim;
  const int64_t dims = padded16(head_dim);
  const int64_t group = task.group();
  const AttentionScratch scratch(memory, task.block_tokens * group, head_dim);
  const VisibleKeys keys(task.position + first, tokens, task.cache);
  load_queries(task, kv_head, first, tokens, scratch.queries);
  score_keys(task, keys, kv_head, tokens, scratch);
  for (int64_t i = 0; i < tokens * group; ++i) {
    const int64_t t = i / group;
    float* scores = scratch.scores + i * task.score_stride;
    const int64_t sinks = keys.sinks_of(t);
    const int64_t begin = keys.window_begin(t);
    const int64_t window = keys.window_end(t) - begin;
    if (begin != sinks && window > 0) {
      std::memmove(
          scores + sinks,
          scores + begin,
          static_cast<size_t>(window) * sizeof(float));
    }
    // The slot after the last weight holds the query's 1 / sum.
    const float* sink = task.shape.sink_scores;
    scores[task.score_stride - 1] = softmax_weights(
        scores,
        sinks + window,
        sink == nullptr ? nullptr : sink + kv_head * group + i % group);
  }
  sum_values(task, keys, kv_head, tokens, scratch);
  for (int64_t i = 0; i < tokens * group; ++i) {
    const Lanes16 inverse =
        set16(scratch.scores[(i + 1) * task.score_stride - 1]);
    const float* sums = scratch.sums + i * dims;
    float* out = task.out +
        ((first + i / group) * task.shape.heads + kv_head * group + i % group) *
            head_dim;
    for_each16(head_dim, [&](int64_t k, size_t count) HWY_ATTR {
      store16_partial(mul16(load16(sums + k), inverse), out + k, count);
    });
    if (task.cache.bits < 16) {
      transform_kv_groups(out, head_dim, kReadFactor);
    }
  }
}

}  // namespace bantam::kernels::BANTAM_TARGET
HWY_AFTER_NAMESPACE();

#endif  // include guard per target
