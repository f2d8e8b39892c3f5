// SPDX-License-Identifier: MIT
#include "cache/kv_cache.h"

#include <sys/mman.h>

#include "base/error.h"
#include "base/size.h"

namespace bantam {

KvCache::KvCache(
    const ModelShape& shape,
    int64_t budget_tokens,
    const nn::Compute& compute)
    : budget_tokens_(budget_tokens), layers_(shape.layers.size()) {
  for (nn::KvLayer& layer : layers_) {
    layer.budget = budget_tokens;
    layer.sinks = kSinkTokens;
  }
  if (compute.path == nn::KernelPath::native) {
    make_native_layers(shape);
  } else {
    make_stock_layers(shape, compute);
  }
}

KvCache::~KvCache() {
  if (mapping_ != nullptr) {
    ::munmap(mapping_, mapping_bytes_);
  }
}

void KvCache::make_native_layers(const ModelShape& shape) {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(
          budget_tokens_, shape.kv_bytes_per_token(), &bytes)) {
    fail(
        ErrorCode::invalid_request,
        "--max-kv-size {} is too large",
        budget_tokens_);
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
  auto* next = reinterpret_cast<uint16_t*>(mapping_);
  for (size_t i = 0; i < layers_.size(); ++i) {
    const int64_t values =
        shape.layers[i].kv_heads * shape.layers[i].head_dim * budget_tokens_;
    layers_[i].slots = {
        .keys = next,
        .values = next + values,
        .budget = budget_tokens_,
        .sinks = kSinkTokens};
    next += 2 * values;
  }
}

void KvCache::make_stock_layers(
    const ModelShape& shape,
    const nn::Compute& compute) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    const nn::mx::Shape extents{
        1,
        static_cast<int>(shape.layers[i].kv_heads),
        static_cast<int>(budget_tokens_),
        static_cast<int>(shape.layers[i].head_dim)};
    layers_[i].keys = nn::mx::zeros(extents, compute.dtype, compute.stream);
    layers_[i].values = nn::mx::zeros(extents, compute.dtype, compute.stream);
  }
}

}  // namespace bantam
