// SPDX-License-Identifier: MIT
// KvCache, taken apart and put together again: the pieces that prefixes are
// kept and restored in.
#include <algorithm>

#include "cache/kv_cache.h"

namespace bantam {

// Slots [first, first + count) of every head.
template <typename Use>
void KvCache::each_head_run(
    const Layer& layer,
    int64_t first,
    int64_t count,
    const Use& use) const {
  const int64_t row = row_bytes(layer);
  for (int64_t h = 0; h < layer.shape.kv_heads; ++h) {
    const int64_t at = (h * layer.kv.budget + first) * row;
    use(layer.kv.slots.keys + at, count * row);
    use(layer.kv.slots.values + at, count * row);
  }
}

template <typename Use>
void KvCache::each_token_run(int64_t first, int64_t count, const Use& use)
    const {
  for (const Layer& layer : layers_) {
    if (is_kept(layer)) {
      each_head_run(layer, first, count, use);
    }
  }
}

template <typename Use>
void KvCache::each_checkpoint_run(int64_t position, const Use& use) const {
  for (const Layer& layer : layers_) {
    if (layer.is_recurrent()) {
      use(reinterpret_cast<std::byte*>(layer.delta.state.recurrent),
          layer.shape.state_bytes);
    } else if (!is_kept(layer)) {
      each_head_run(layer, 0, std::min(position, layer.kv.budget), use);
    }
  }
}

int64_t KvCache::token_bytes() const {
  int64_t total = 0;
  each_token_run(0, 1, [&](std::byte*, int64_t bytes) { total += bytes; });
  return total;
}

void KvCache::copy_tokens(int64_t first, int64_t count, std::byte* to) const {
  each_token_run(first, count, [&](const std::byte* from, int64_t bytes) {
    to = std::copy_n(from, bytes, to);
  });
}

void KvCache::put_tokens(int64_t first, int64_t count, const std::byte* from) {
  each_token_run(first, count, [&](std::byte* to, int64_t bytes) {
    std::copy_n(from, bytes, to);
    from += bytes;
  });
}

bool KvCache::needs_checkpoints() const {
  return !std::ranges::all_of(
      layers_, [&](const Layer& layer) { return is_kept(layer); });
}

int64_t KvCache::checkpoint_bytes(int64_t position) const {
  int64_t total = 0;
  each_checkpoint_run(
      position, [&](std::byte*, int64_t bytes) { total += bytes; });
  return total;
}

void KvCache::copy_checkpoint(std::byte* to) const {
  each_checkpoint_run(position_, [&](const std::byte* from, int64_t bytes) {
    to = std::copy_n(from, bytes, to);
  });
}

void KvCache::put_checkpoint(int64_t position, const std::byte* from) {
  has_states_ = true;
  each_checkpoint_run(position, [&](std::byte* to, int64_t bytes) {
    std::copy_n(from, bytes, to);
    from += bytes;
  });
}

void KvCache::each_used(
    int64_t position,
    const std::function<void(std::byte*, int64_t)>& use) {
  has_states_ = true;
  each_checkpoint_run(position, use);
  each_token_run(0, std::min(position, budget_tokens_), use);
}

int64_t KvCache::used_bytes(int64_t position) const {
  return checkpoint_bytes(position) +
      token_bytes() * std::min(position, budget_tokens_);
}

}  // namespace bantam
