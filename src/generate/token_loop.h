// SPDX-License-Identifier: MIT
// Prompt in, tokens out: prefill in chunks, then one token at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <vector>

#include "cache/kv_cache.h"
#include "generate/sampler.h"
#include "models/model.h"

namespace bantam {

class TokenLoop {
 public:
  /// `cache` holds what came before (nothing, for a fresh run). All must
  /// outlive the loop. `may_run_ahead`: there will be no masks, no take() and
  /// no logits().
  TokenLoop(
      Model& model,
      KvCache& cache,
      SamplingSettings sampling,
      const nn::Compute& compute,
      bool may_run_ahead);

  /// Reads `prompt` (not empty) in chunks of chunk() tokens, asked before each.
  /// False if stopped between chunks or layers: reset the cache then.
  bool prefill(
      std::span<const TokenId> prompt,
      const std::function<int64_t()>& chunk,
      const std::function<void(int64_t done)>& progress,
      std::stop_token stop);

  /// The next token, among those that `mask` allows (nullptr: all); call after
  /// prefill, then after each advance. On a GPU the work on the one after it
  /// begins here, unless `is_last`.
  TokenId sample(bool is_last, const TokenMask* mask = nullptr);
  /// The next token is `token`, whatever the model says; instead of sample().
  void take(TokenId token) { sampler_.take(token); }

  /// What the next token is sampled from: [vocabulary].
  std::span<const float> logits() const { return logits_; }

  /// Feeds `token`, the last one sampled, to the model, so that the next can
  /// be sampled.
  void advance(TokenId token);

  /// Is the work on a token begun before it is asked for? There is no need for
  /// advance() then, and at the end the cache may be a token ahead.
  bool runs_ahead() const { return is_pipelined_; }

 private:
  // The choice of the token after those that `logits` end with begins.
  void start_next(const nn::mx::array& logits);
  bool read_prompt(
      std::span<const TokenId> prompt,
      const std::function<int64_t()>& chunk,
      const std::function<void(int64_t done)>& progress,
      const std::stop_token& stop);

  Model& model_;
  KvCache& cache_;
  Sampler sampler_;
  std::vector<float> logits_;  // [vocabulary], of the last token
  const nn::Compute& compute_;
  SamplingSettings settings_;
  // Sampling on the device, one token ahead of the host.
  bool is_pipelined_;
  uint64_t draws_ = 0;
  std::optional<nn::mx::array> next_;  // int32 [1], being computed
};

}  // namespace bantam
