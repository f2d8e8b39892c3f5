// SPDX-License-Identifier: MIT
#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "generate/philox.h"

namespace bantam {

namespace {

void check_range(const char* name, double value, double low, double high) {
  // Written so that NaN fails too.
  if (!(value >= low && value <= high)) {
    fail(
        ErrorCode::invalid_request,
        "{} is {}, but must lie between {} and {}",
        name,
        value,
        low,
        high);
  }
}

// exp of anything below this is zero in float32.
constexpr float kNegligibleLogit = -103.0f;

}  // namespace

void check_sampling(const SamplingSettings& settings) {
  check_range("--temp", settings.temperature, 0, 100);
  check_range("--top-p", settings.top_p, 0, 1);
  check_range("--min-p", settings.min_p, 0, 1);
  check_range("--top-k", static_cast<double>(settings.top_k), 0, 1e9);
  check_range("--repetition-penalty", settings.repetition_penalty, 0.01, 100);
  check_range("--presence-penalty", settings.presence_penalty, -100, 100);
  check_range("--frequency-penalty", settings.frequency_penalty, -100, 100);
  for (const auto& [id, bias] : settings.logit_bias) {
    check_range("a logit bias", bias, -1e6, 1e6);
  }
}

Sampler::Sampler(SamplingSettings settings, int64_t vocabulary)
    : settings_(std::move(settings)), logits_(vocabulary) {
  check_sampling(settings_);
  for (const auto& [id, bias] : settings_.logit_bias) {
    if (id < 0 || id >= vocabulary) {
      fail(
          ErrorCode::invalid_request,
          "logit bias for token {}: the vocabulary has {} tokens",
          id,
          vocabulary);
    }
  }
  candidates_.reserve(vocabulary);
}

TokenId Sampler::sample(std::span<const float> logits) {
  std::copy(logits.begin(), logits.end(), logits_.begin());
  adjust();
  TokenId token = greedy();
  if (settings_.temperature > 0) {
    gather_candidates();
    keep_top_k();
    keep_top_p();
    keep_min_p();
    token = draw();
  }
  ++counts_[token];
  return token;
}

void Sampler::adjust() {
  for (const auto& [id, bias] : settings_.logit_bias) {
    logits_[id] += bias;
  }
  const auto repetition = static_cast<float>(settings_.repetition_penalty);
  const auto presence = static_cast<float>(settings_.presence_penalty);
  const auto frequency = static_cast<float>(settings_.frequency_penalty);
  for (const auto& [id, count] : counts_) {
    float& logit = logits_[id];
    logit = logit > 0 ? logit / repetition : logit * repetition;
    logit -= presence + frequency * static_cast<float>(count);
  }
}

TokenId Sampler::greedy() const {
  TokenId best = -1;
  float best_logit = -INFINITY;
  for (size_t id = 0; id < logits_.size(); ++id) {
    const float logit = logits_[id];
    if (std::isnan(logit) || logit == INFINITY) {
      best = -1;
      break;
    }
    if (logit > best_logit) {
      best = static_cast<TokenId>(id);
      best_logit = logit;
    }
  }
  if (best < 0) {
    fail(
        ErrorCode::invalid_file,
        "the model's output is not a number; its weights are damaged or its "
        "values overflow");
  }
  return best;
}

void Sampler::gather_candidates() {
  const auto inverse = static_cast<float>(1 / settings_.temperature);
  const float top = *std::max_element(logits_.begin(), logits_.end()) * inverse;
  candidates_.clear();
  for (size_t id = 0; id < logits_.size(); ++id) {
    const float distance = logits_[id] * inverse - top;
    if (distance > kNegligibleLogit) {
      candidates_.push_back(
          {static_cast<TokenId>(id), logits_[id], std::exp(distance)});
    }
  }
}

void Sampler::keep_top_k() {
  const auto k = static_cast<size_t>(settings_.top_k);
  if (k == 0 || k >= candidates_.size()) {
    return;
  }
  std::nth_element(
      candidates_.begin(),
      candidates_.begin() + k,
      candidates_.end(),
      [](const Candidate& a, const Candidate& b) {
        return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
      });
  candidates_.resize(k);
  // nth_element leaves an order of the library's choosing.
  std::sort(
      candidates_.begin(),
      candidates_.end(),
      [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
}

void Sampler::keep_top_p() {
  if (settings_.top_p >= 1) {
    return;
  }
  double total = 0;
  for (const Candidate& candidate : candidates_) {
    total += candidate.weight;
  }
  // All candidates lighter than this weigh together less than what top-p
  // leaves out, so none of them is needed, and few are left to sort.
  const double light =
      total * (1 - settings_.top_p) / static_cast<double>(candidates_.size());
  std::erase_if(candidates_, [&](const Candidate& candidate) {
    return candidate.weight < light;
  });
  std::sort(
      candidates_.begin(),
      candidates_.end(),
      [](const Candidate& a, const Candidate& b) {
        return a.weight != b.weight ? a.weight > b.weight : a.id < b.id;
      });
  double sum = 0;
  size_t kept = 0;
  while (kept < candidates_.size() &&
         (kept == 0 || sum < settings_.top_p * total)) {
    sum += candidates_[kept++].weight;
  }
  candidates_.resize(kept);
}

void Sampler::keep_min_p() {
  if (settings_.min_p <= 0) {
    return;
  }
  // The heaviest candidate weighs exp(0) = 1.
  const auto least = static_cast<float>(settings_.min_p);
  std::erase_if(candidates_, [&](const Candidate& candidate) {
    return candidate.weight < least;
  });
}

TokenId Sampler::draw() {
  double total = 0;
  for (const Candidate& candidate : candidates_) {
    total += candidate.weight;
  }
  double left = uniform(settings_.seed, draws_++) * total;
  for (const Candidate& candidate : candidates_) {
    left -= candidate.weight;
    if (left < 0) {
      return candidate.id;
    }
  }
  return candidates_.back().id;
}

}  // namespace bantam
