// SPDX-License-Identifier: MIT
// The key/value cache of one timeline, with a hard budget in tokens. All of
// its memory is set aside when it is made; nothing grows later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "memory/model_shape.h"
#include "nn/attention.h"
#include "nn/compute.h"

namespace bantam {

/// Tokens at the start of the timeline that are never dropped: models put
/// excess attention on them ("attention sinks", Xiao et al. 2023), and
/// without them a full cache degrades at once.
inline constexpr int64_t kSinkTokens = 4;

/// The smallest budget that keeps the sinks and one token more.
inline constexpr int64_t kMinBudgetTokens = kSinkTokens + 1;

class KvCache {
 public:
  /// `budget_tokens` >= kMinBudgetTokens. Throws insufficient_memory if the
  /// memory cannot be had.
  KvCache(
      const ModelShape& shape,
      int64_t budget_tokens,
      const nn::Compute& compute);
  ~KvCache();
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  nn::KvLayer& layer(size_t index) { return layers_[index]; }

  /// The position of the next token: how many the timeline has seen.
  int64_t position() const { return position_; }
  void advance(int64_t tokens) { position_ += tokens; }
  /// Forgets everything; the memory stays.
  void reset() { position_ = 0; }

  int64_t budget_tokens() const { return budget_tokens_; }
  /// Tokens that no longer fit and were dropped.
  int64_t dropped_tokens() const {
    return position_ > budget_tokens_ ? position_ - budget_tokens_ : 0;
  }
  int64_t bytes() const { return static_cast<int64_t>(mapping_bytes_); }

 private:
  void make_native_layers(const ModelShape& shape);
  void make_stock_layers(const ModelShape& shape, const nn::Compute& compute);

  int64_t budget_tokens_;
  int64_t position_ = 0;
  std::vector<nn::KvLayer> layers_;
  std::byte* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
};

}  // namespace bantam
