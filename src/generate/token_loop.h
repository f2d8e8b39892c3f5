// SPDX-License-Identifier: MIT
// Prompt in, tokens out: prefill in chunks, then one token at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "cache/kv_cache.h"
#include "generate/sampler.h"
#include "models/model.h"

namespace bantam {

class TokenLoop {
 public:
  /// `cache` holds what came before (nothing, for a fresh run).
  TokenLoop(Model& model, KvCache& cache, SamplingSettings sampling);

  /// Reads `prompt` (not empty) in chunks of chunk() tokens, asked before each.
  /// False if stopped between chunks or layers: reset the cache then.
  bool prefill(
      std::span<const TokenId> prompt,
      const std::function<int64_t()>& chunk,
      const std::function<void(int64_t done)>& progress,
      std::stop_token stop);

  /// Whether every logit is a finite number; if not, sample() makes no sense.
  bool is_finite() const;

  /// The next token; call after prefill, then after each advance.
  TokenId sample();

  /// Feeds `token` to the model, so that the next can be sampled.
  void advance(TokenId token);

 private:
  bool read_prompt(
      std::span<const TokenId> prompt,
      const std::function<int64_t()>& chunk,
      const std::function<void(int64_t done)>& progress,
      const std::stop_token& stop);

  Model& model_;
  KvCache& cache_;
  Sampler sampler_;
  std::vector<float> logits_;  // [vocabulary], of the last token
};

}  // namespace bantam
