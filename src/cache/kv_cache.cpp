// SPDX-License-Identifier: MIT
#include "cache/kv_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/size.h"

namespace bantam {

namespace {

// Keys and values of one layer, each.
int64_t kv_values(const LayerShape& shape, int64_t tokens) {
  return shape.kv_heads * shape.head_dim * tokens;
}

int64_t layer_bytes(const LayerShape& shape, int64_t budget_tokens) {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(
          shape.kept_tokens(budget_tokens),
          shape.kv_bytes_per_token(),
          &bytes)) {
    fail(
        ErrorCode::invalid_request,
        "--max-kv-size {} is too large",
        budget_tokens);
  }
  return bytes + shape.state_bytes;
}

}  // namespace

KvCache::KvCache(
    const ModelShape& shape,
    int64_t budget_tokens,
    const nn::Compute& compute)
    : budget_tokens_(budget_tokens),
      is_native_(compute.path == nn::KernelPath::native),
      layers_(shape.layers.size()) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    layer.shape = shape.layers[i];
    layer.kv.budget = layer.shape.kept_tokens(budget_tokens);
    layer.kv.sinks = layer.kv.budget == budget_tokens ? kSinkTokens : 0;
  }
  if (is_native_) {
    make_native_layers();
  } else {
    make_stock_layers(compute);
  }
}

KvCache::~KvCache() {
  if (mapping_ != nullptr) {
    ::munmap(mapping_, mapping_bytes_);
  }
}

void KvCache::make_native_layers() {
  int64_t bytes = 0;
  for (const Layer& layer : layers_) {
    if (__builtin_add_overflow(
            bytes, layer_bytes(layer.shape, budget_tokens_), &bytes)) {
      fail(
          ErrorCode::invalid_request,
          "--max-kv-size {} is too large",
          budget_tokens_);
    }
  }
  if (bytes == 0) {
    return;
  }
  // Anonymous pages cost nothing until a token is stored in them, so a short
  // run does not pay for a long budget.
  void* mapping = ::mmap(
      nullptr,
      bytes,
      PROT_READ | PROT_WRITE,
      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
      -1,
      0);
  if (mapping == MAP_FAILED) {
    fail(
        ErrorCode::insufficient_memory,
        "no memory for a key/value cache of {} tokens ({}); use a smaller "
        "--max-kv-size",
        budget_tokens_,
        format_size(bytes));
  }
  mapping_ = static_cast<std::byte*>(mapping);
  mapping_bytes_ = bytes;
  std::byte* next = mapping_;
  for (Layer& layer : layers_) {
    if (layer.is_recurrent()) {
      const int64_t recurrent =
          layer.shape.state_bytes - layer.shape.conv_bytes;
      layer.delta.state = {
          .recurrent = reinterpret_cast<float*>(next),
          .conv = reinterpret_cast<float*>(next + recurrent)};
    } else {
      auto* keys = reinterpret_cast<uint16_t*>(next);
      layer.kv.slots = {
          .keys = keys,
          .values = keys + kv_values(layer.shape, layer.kv.budget),
          .budget = layer.kv.budget,
          .sinks = layer.kv.sinks};
    }
    next += layer_bytes(layer.shape, budget_tokens_);
  }
}

void KvCache::make_stock_layers(const nn::Compute& compute) {
  for (Layer& layer : layers_) {
    if (layer.is_recurrent()) {
      continue;
    }
    const nn::mx::Shape extents{
        1,
        static_cast<int>(layer.shape.kv_heads),
        static_cast<int>(layer.kv.budget),
        static_cast<int>(layer.shape.head_dim)};
    layer.kv.keys = nn::mx::zeros(extents, compute.dtype, compute.stream);
    layer.kv.values = nn::mx::zeros(extents, compute.dtype, compute.stream);
  }
}

void KvCache::reset() {
  for (Layer& layer : layers_) {
    if (!layer.is_recurrent()) {
      continue;
    }
    if (is_native_ && has_states_) {
      std::memset(layer.delta.state.recurrent, 0, layer.shape.state_bytes);
    }
    layer.delta.conv.reset();
    layer.delta.recurrent.reset();
  }
  has_states_ = false;
  position_ = 0;
}

template <typename Use>
void KvCache::each_run(int64_t position, bool with_keys, const Use& use) const {
  for (const Layer& layer : layers_) {
    if (layer.is_recurrent()) {
      use(reinterpret_cast<std::byte*>(layer.delta.state.recurrent),
          layer.shape.state_bytes);
      continue;
    }
    const int64_t used = std::min(position, layer.kv.budget);
    for (int64_t h = 0; h < layer.shape.kv_heads && with_keys; ++h) {
      const int64_t first = h * layer.kv.budget * layer.shape.head_dim;
      const int64_t bytes = 2 * used * layer.shape.head_dim;
      use(reinterpret_cast<std::byte*>(layer.kv.slots.keys + first), bytes);
      use(reinterpret_cast<std::byte*>(layer.kv.slots.values + first), bytes);
    }
  }
}

int64_t KvCache::run_bytes(int64_t position, bool with_keys) const {
  int64_t total = 0;
  each_run(position, with_keys, [&](const std::byte*, int64_t bytes) {
    total += bytes;
  });
  return total;
}

int64_t KvCache::snapshot_bytes(bool with_keys) const {
  return is_native_ ? run_bytes(budget_tokens_, with_keys) : 0;
}

CacheSnapshot KvCache::make_snapshot(bool with_keys) const {
  CacheSnapshot snapshot;
  snapshot.has_keys = with_keys;
  // Written once, so that the pages are there when they are needed.
  snapshot.bytes.resize(snapshot_bytes(with_keys));
  return snapshot;
}

CacheSnapshot KvCache::copy(bool with_keys, CacheSnapshot into) const {
  CacheSnapshot snapshot = std::move(into);
  snapshot.position = position_;
  snapshot.has_keys = with_keys;
  snapshot.bytes.clear();
  snapshot.arrays.clear();
  if (is_native_) {
    snapshot.bytes.reserve(run_bytes(position_, with_keys));
    each_run(position_, with_keys, [&](const std::byte* from, int64_t bytes) {
      snapshot.bytes.insert(snapshot.bytes.end(), from, from + bytes);
    });
    return snapshot;
  }
  // Arrays do not change, so holding them is a copy.
  for (const Layer& layer : layers_) {
    if (layer.is_recurrent() && layer.delta.recurrent) {
      snapshot.arrays.push_back(*layer.delta.conv);
      snapshot.arrays.push_back(*layer.delta.recurrent);
    } else if (!layer.is_recurrent() && with_keys) {
      snapshot.arrays.push_back(*layer.kv.keys);
      snapshot.arrays.push_back(*layer.kv.values);
    }
  }
  return snapshot;
}

CacheSnapshot KvCache::save(CacheSnapshot into) const {
  return copy(true, std::move(into));
}

CacheSnapshot KvCache::mark(CacheSnapshot into) const {
  return copy(false, std::move(into));
}

bool KvCache::can_restore(const CacheSnapshot& snapshot) const {
  if (snapshot.has_keys) {
    return true;
  }
  // Later tokens may have taken the place of ones that the position sees.
  return snapshot.position <= position_ &&
      std::ranges::all_of(layers_, [&](const Layer& layer) {
           return layer.is_recurrent() || position_ <= layer.kv.budget ||
               snapshot.position == position_;
         });
}

void KvCache::restore(const CacheSnapshot& snapshot) {
  if (!can_restore(snapshot)) {
    fail(
        ErrorCode::internal,
        "a cache at position {} cannot go back to {}: tokens were dropped",
        position_,
        snapshot.position);
  }
  position_ = snapshot.position;
  has_states_ = true;
  if (is_native_) {
    const std::byte* from = snapshot.bytes.data();
    each_run(position_, snapshot.has_keys, [&](std::byte* to, int64_t bytes) {
      std::copy_n(from, bytes, to);
      from += bytes;
    });
    return;
  }
  size_t next = 0;
  for (Layer& layer : layers_) {
    if (layer.is_recurrent()) {
      layer.delta = {};
      if (position_ > 0) {
        layer.delta.conv = snapshot.arrays[next++];
        layer.delta.recurrent = snapshot.arrays[next++];
      }
    } else if (snapshot.has_keys) {
      layer.kv.keys = snapshot.arrays[next++];
      layer.kv.values = snapshot.arrays[next++];
    }
  }
}

}  // namespace bantam
