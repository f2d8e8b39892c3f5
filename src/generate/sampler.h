// SPDX-License-Identifier: MIT
// From logits to a token, reproducibly.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "bantam/request.h"
#include "text/json_constraint.h"
#include "text/tokenizer.h"

namespace bantam {

/// Throws invalid_request naming the setting that is out of range.
void check_sampling(const SamplingSettings& settings);

/// One per answer: it remembers the answer's tokens for the penalties, and
/// how many numbers it has drawn.
class Sampler {
 public:
  Sampler(SamplingSettings settings, int64_t vocabulary);

  /// Chooses the next token of the answer, among those that `mask` allows
  /// (nullptr: all). Equal logits: the lower id wins. Throws invalid_file if no
  /// logit is a finite number.
  TokenId sample(
      std::span<const float> logits,
      const TokenMask* mask = nullptr);
  /// The next token is this one, whatever the logits say.
  void take(TokenId token) { ++counts_[token]; }

 private:
  struct Candidate {
    TokenId id;
    float logit;
    float weight;  // exp(logit - max), not normalised
  };

  /// `logits` with biases and penalties, and without what `mask` forbids;
  /// itself if there is none of these.
  std::span<const float> adjusted(
      std::span<const float> logits,
      const TokenMask* mask);
  void take_top_k(std::span<const float> logits);
  float factor() const;
  double weigh_candidates(float largest);
  double weigh_all(std::span<const float> logits, float largest);
  float nucleus_threshold(double total) const;
  void take_top_p(double total);
  void drop_below_min_p();
  TokenId draw_candidate();
  TokenId draw_of_all();

  SamplingSettings settings_;
  std::vector<float> adjusted_;
  std::vector<float> weights_;  // of the whole vocabulary
  std::vector<double> block_sums_;
  std::vector<Candidate> candidates_;
  std::unordered_map<TokenId, int64_t> counts_;
  uint64_t draws_ = 0;
};

}  // namespace bantam
