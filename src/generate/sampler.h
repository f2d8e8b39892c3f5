// SPDX-License-Identifier: MIT
// From logits to a token, reproducibly.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "bantam/request.h"
#include "text/tokenizer.h"

namespace bantam {

/// Throws invalid_request naming the setting that is out of range.
void check_sampling(const SamplingSettings& settings);

/// One per answer: it remembers the answer's tokens for the penalties, and
/// how many numbers it has drawn.
class Sampler {
 public:
  Sampler(SamplingSettings settings, int64_t vocabulary);

  /// Chooses the next token of the answer. Equal logits: the lower id wins.
  /// Throws invalid_file if no logit is a finite number.
  TokenId sample(std::span<const float> logits);

 private:
  struct Candidate {
    TokenId id;
    float logit;
    float weight;  // exp(logit - max), not normalised
  };

  void adjust();
  TokenId greedy() const;
  void gather_candidates();
  void keep_top_k();
  void keep_top_p();
  void keep_min_p();
  TokenId draw();

  SamplingSettings settings_;
  std::vector<float> logits_;
  std::vector<Candidate> candidates_;
  std::unordered_map<TokenId, int64_t> counts_;
  uint64_t draws_ = 0;
};

}  // namespace bantam
