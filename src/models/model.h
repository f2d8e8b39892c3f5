// SPDX-License-Identifier: MIT
// A model: tokens in, logits out, its timeline in a cache that the caller
// owns. Families are found through registry.h.
#pragma once

#include <cstdint>
#include <span>

#include "cache/kv_cache.h"
#include "memory/model_shape.h"
#include "nn/compute.h"
#include "text/tokenizer.h"

namespace bantam {

class Model {
 public:
  virtual ~Model() = default;

  virtual const ModelShape& shape() const = 0;

  /// Appends `tokens` (int32 [count]) to the timeline in `cache` and returns
  /// the logits of the last `logit_tokens` of them (at least 1): lazy,
  /// float32 [logit_tokens, vocabulary]. On the native path the caller
  /// evaluates the result before the next call; on the stock path `tokens` may
  /// be lazy too.
  virtual nn::mx::array forward(
      const nn::mx::array& tokens,
      int64_t logit_tokens,
      KvCache& cache) = 0;

  nn::mx::array forward(
      std::span<const TokenId> tokens,
      int64_t logit_tokens,
      KvCache& cache) {
    return forward(
        nn::mx::array(
            tokens.begin(), {static_cast<int>(tokens.size())}, nn::mx::int32),
        logit_tokens,
        cache);
  }
};

}  // namespace bantam
