// SPDX-License-Identifier: MIT
#include "cache/kv_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/size.h"

namespace bantam {

int64_t KvCache::layer_bytes(const LayerShape& shape) const {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(
          shape.kept_tokens(budget_tokens_),
          shape.kv_bytes_per_token(kv_bits_),
          &bytes)) {
    fail(
        ErrorCode::invalid_request,
        "--max-kv-size {} is too large",
        budget_tokens_);
  }
  return bytes + shape.state_bytes;
}

KvCache::KvCache(
    const ModelShape& shape,
    int64_t budget_tokens,
    const nn::Compute& compute,
    int kv_bits)
    : budget_tokens_(budget_tokens),
      kv_bits_(kv_bits),
      is_native_(compute.path == nn::KernelPath::native),
      layers_(shape.layers.size()) {
  if (kv_bits < shape.least_kv_bits()) {
    fail(
        ErrorCode::internal,
        "a cache of {} bits, but the model's heads do not divide into groups "
        "of {}",
        kv_bits,
        kernels::kKvGroup);
  }
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
    if (__builtin_add_overflow(bytes, layer_bytes(layer.shape), &bytes)) {
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
      layer.kv.slots = {
          .keys = next,
          .values =
              next + layer.shape.kv_heads * layer.kv.budget * row_bytes(layer),
          .budget = layer.kv.budget,
          .sinks = layer.kv.sinks,
          .bits = kv_bits_};
    }
    next += layer_bytes(layer.shape);
  }
}

void KvCache::make_stock_layers(const nn::Compute& compute) {
  for (Layer& layer : layers_) {
    if (layer.is_recurrent()) {
      continue;
    }
    layer.kv.bits = kv_bits_;
    layer.kv.keys = nn::make_stock_rows(
        layer.shape.kv_heads,
        layer.kv.budget,
        layer.shape.head_dim,
        kv_bits_,
        compute);
    layer.kv.values = layer.kv.keys;
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
      const int64_t first = h * layer.kv.budget * row_bytes(layer);
      const int64_t bytes = used * row_bytes(layer);
      use(layer.kv.slots.keys + first, bytes);
      use(layer.kv.slots.values + first, bytes);
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
      for (const nn::StockRows* rows : {&layer.kv.keys, &layer.kv.values}) {
        snapshot.arrays.insert(
            snapshot.arrays.end(), rows->begin(), rows->end());
      }
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
      for (nn::StockRows* rows : {&layer.kv.keys, &layer.kv.values}) {
        for (nn::mx::array& part : *rows) {
          part = snapshot.arrays[next++];
        }
      }
    }
  }
}

}  // namespace bantam
