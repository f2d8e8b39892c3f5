// SPDX-License-Identifier: MIT
#include "generate/logprobs.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace bantam {

TokenChoice rate_token(
    std::span<const float> logits,
    TokenId chosen,
    int64_t top,
    const TokenBytes& bytes) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(static_cast<double>(logit) - largest);
  }
  const double log_total = largest + std::log(sum);
  const auto rated = [&](TokenId id) {
    return TokenLogprob{id, bytes(id), logits[id] - log_total};
  };
  TokenChoice choice{rated(chosen), {}};
  const auto count = std::min<size_t>(top, logits.size());
  std::vector<TokenId> best(count);
  if (count > 0) {
    std::vector<TokenId> ids(logits.size());
    for (size_t i = 0; i < ids.size(); ++i) {
      ids[i] = static_cast<TokenId>(i);
    }
    std::partial_sort_copy(
        ids.begin(),
        ids.end(),
        best.begin(),
        best.end(),
        [&](TokenId a, TokenId b) {
          return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
        });
  }
  for (const TokenId id : best) {
    choice.top.push_back(rated(id));
  }
  return choice;
}

}  // namespace bantam
