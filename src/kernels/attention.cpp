// SPDX-License-Identifier: MIT
// Cuts attention into blocks of tokens by key/value heads for the threads.
#include "kernels/attention.h"

#include "kernels/highway.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which sets the target.
#include <algorithm>

#include "kernels/attention_block-inl.h"

#if HWY_ONCE
#include "kernels/targets.h"

namespace bantam::kernels {

namespace {

HWY_EXPORT(RoundRow);
HWY_EXPORT(AttendBlock);

constexpr int64_t kMostBlockTokens = 8;
// Scores of a block: a part of a core's level 2 cache.
constexpr int64_t kScoreBytes = 256 << 10;
// Multiply-adds below which waking threads costs more than it brings.
constexpr int64_t kSerialProducts = 1 << 18;

// Scores of one query: every key that a block can see, and one slot more.
int64_t score_stride(int64_t budget, int64_t block_tokens) {
  return padded16(budget + block_tokens + 1);
}

int64_t tokens_of_block(
    const AttentionShape& shape,
    int64_t budget,
    int64_t tokens) {
  const int64_t group = shape.heads / shape.kv_heads;
  const int64_t fit = kScoreBytes / (4 * group * (budget + kMostBlockTokens));
  return std::clamp<int64_t>(std::min(fit, tokens), 1, kMostBlockTokens);
}

int64_t chunk_bytes(const AttentionShape& shape, int64_t tokens) {
  const int64_t values = shape.kv_heads * tokens * shape.head_dim;
  // Keys or values; float16 is the largest form.
  return (values * 2 + 63) / 64 * 64;
}

int64_t thread_bytes(
    const AttentionShape& shape,
    int64_t budget,
    int64_t tokens) {
  // Fewer tokens make smaller blocks, but never more memory.
  const int64_t block = tokens_of_block(shape, budget, tokens);
  const int64_t bytes = AttentionScratch::bytes(
      block * (shape.heads / shape.kv_heads),
      shape.head_dim,
      score_stride(budget, block));
  return (bytes + 63) / 64 * 64;
}

void round_chunk(
    const AttentionTask& task,
    const float* k,
    const float* v,
    ThreadPool& pool) {
  const int64_t head_dim = task.shape.head_dim;
  const auto round = [&](const float* from, std::byte* to) {
    if (task.cache.bits < 16) {
      store_kv_row(from, head_dim, task.cache.bits, to);
    } else {
      HWY_DYNAMIC_DISPATCH(RoundRow)
      (from, head_dim, reinterpret_cast<uint16_t*>(to));
    }
  };
  pool.parallel_for(task.tokens, 32, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      for (int64_t h = 0; h < task.shape.kv_heads; ++h) {
        const int64_t from = t * task.stride + h * head_dim;
        const int64_t to = (h * task.tokens + t) * task.row_bytes;
        round(k + from, task.chunk_keys + to);
        round(v + from, task.chunk_values + to);
      }
    }
  });
}

// Tokens that the chunk itself drops have no slot of their own any more.
void store_chunk(const AttentionTask& task) {
  const int64_t bytes = task.row_bytes;
  const int64_t last = task.position + task.tokens - 1;
  const int64_t window = task.cache.budget - task.cache.sinks;
  for (int64_t h = 0; h < task.shape.kv_heads; ++h) {
    for (int64_t t = 0; t < task.tokens; ++t) {
      const int64_t p = task.position + t;
      if (p >= task.cache.sinks && p <= last - window) {
        continue;
      }
      const int64_t to = (h * task.cache.budget + task.slot(p)) * bytes;
      const int64_t from = (h * task.tokens + t) * bytes;
      std::copy_n(task.chunk_keys + from, bytes, task.cache.keys + to);
      std::copy_n(task.chunk_values + from, bytes, task.cache.values + to);
    }
  }
}

}  // namespace

int64_t attention_scratch_bytes(
    const AttentionShape& shape,
    int64_t budget,
    int64_t max_tokens,
    int threads) {
  return 64 + 2 * chunk_bytes(shape, max_tokens) +
      threads * thread_bytes(shape, budget, max_tokens);
}

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
    ThreadPool& pool) {
  target_name();  // settles the target before the first dispatch
  auto* memory = reinterpret_cast<std::byte*>(
      (reinterpret_cast<uintptr_t>(scratch) + 63) / 64 * 64);
  AttentionTask task{
      .shape = shape,
      .q = q,
      .stride = stride,
      .tokens = tokens,
      .position = position,
      .cache = cache,
      .row_bytes = kv_row_bytes(shape.head_dim, cache.bits),
      .chunk_keys = memory,
      .chunk_values = memory + chunk_bytes(shape, tokens),
      .out = out,
      .block_tokens = 0,
      .score_stride = 0};
  memory += 2 * chunk_bytes(shape, tokens);
  task.block_tokens = tokens_of_block(shape, cache.budget, tokens);
  task.score_stride = score_stride(cache.budget, task.block_tokens);
  const int64_t per_thread = thread_bytes(shape, cache.budget, tokens);

  round_chunk(task, k, v, pool);
  const int64_t blocks = (tokens + task.block_tokens - 1) / task.block_tokens;
  const int64_t items = shape.kv_heads * blocks;
  const int64_t keys = std::min(position + tokens, cache.budget);
  const int64_t products = tokens * keys * shape.heads * shape.head_dim;
  const int64_t grain = products < kSerialProducts ? items : 1;
  pool.parallel_for(items, grain, [&](int64_t begin, int64_t end) {
    std::byte* own = memory + ThreadPool::thread_index() * per_thread;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i % blocks * task.block_tokens;
      HWY_DYNAMIC_DISPATCH(AttendBlock)
      (task,
       i / blocks,
       first,
       std::min(task.block_tokens, tokens - first),
       own);
    }
  });
  store_chunk(task);
}

}  // namespace bantam::kernels
#endif  // HWY_ONCE
