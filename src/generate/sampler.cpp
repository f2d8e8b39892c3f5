// SPDX-License-Identifier: MIT
#include "generate/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/error.h"
#include "generate/philox.h"
#include "kernels/logits.h"

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

// Sums of weights are kept for so many tokens at a time, so that a draw walks
// through few of them.
constexpr int64_t kDrawBlock = 1024;

// The order in which top-k and top-p take candidates.
struct Better {
  template <class Candidate>
  bool operator()(const Candidate& a, const Candidate& b) const {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  }
};

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
    : settings_(std::move(settings)),
      adjusted_(vocabulary),
      weights_(vocabulary) {
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
}

TokenId Sampler::sample(std::span<const float> logits, const TokenMask* mask) {
  const std::span<const float> all = adjusted(logits, mask);
  const auto size = static_cast<int64_t>(all.size());
  const auto [best, largest] = kernels::largest_logit(all.data(), size);
  if (best < 0) {
    fail(
        ErrorCode::invalid_file,
        "the model's output is not a number; its weights are damaged or its "
        "values overflow");
  }
  auto token = static_cast<TokenId>(best);
  if (settings_.temperature > 0) {
    const bool cuts_k = settings_.top_k > 0 && settings_.top_k < size;
    const bool cuts = cuts_k || settings_.top_p < 1 || settings_.min_p > 0;
    candidates_.clear();
    if (cuts_k) {
      take_top_k(all);
    }
    const double total =
        cuts_k ? weigh_candidates(largest) : weigh_all(all, largest);
    if (settings_.top_p < 1) {
      take_top_p(total);
    }
    drop_below_min_p();
    token = cuts ? draw_candidate() : draw_of_all();
  }
  ++counts_[token];
  return token;
}

std::span<const float> Sampler::adjusted(
    std::span<const float> logits,
    const TokenMask* mask) {
  const bool penalizes = settings_.repetition_penalty != 1 ||
      settings_.presence_penalty != 0 || settings_.frequency_penalty != 0;
  if (mask == nullptr && settings_.logit_bias.empty() &&
      (!penalizes || counts_.empty())) {
    return logits;
  }
  std::copy(logits.begin(), logits.end(), adjusted_.begin());
  for (const auto& [id, bias] : settings_.logit_bias) {
    adjusted_[id] += bias;
  }
  const auto repetition = static_cast<float>(settings_.repetition_penalty);
  const auto presence = static_cast<float>(settings_.presence_penalty);
  const auto frequency = static_cast<float>(settings_.frequency_penalty);
  for (const auto& [id, count] : counts_) {
    float& logit = adjusted_[id];
    logit = logit > 0 ? logit / repetition : logit * repetition;
    logit -= presence + frequency * static_cast<float>(count);
  }
  if (mask != nullptr) {
    const auto size = static_cast<TokenId>(adjusted_.size());
    for (TokenId id = 0; id < size; ++id) {
      if (!mask->allows(id)) {
        adjusted_[id] = -std::numeric_limits<float>::infinity();
      }
    }
  }
  return adjusted_;
}

// A heap of the k best so far, the worst of them on top: of a long vocabulary
// few tokens ever get in, so this is one pass of comparisons.
void Sampler::take_top_k(std::span<const float> logits) {
  const auto k = static_cast<size_t>(settings_.top_k);
  const auto size = static_cast<TokenId>(logits.size());
  TokenId id = 0;
  for (; id < size && candidates_.size() < k; ++id) {
    candidates_.push_back({id, logits[id], 0});
  }
  std::make_heap(candidates_.begin(), candidates_.end(), Better());
  // An equal logit with a higher id is no better.
  const auto next = [&](TokenId from) {
    return static_cast<TokenId>(kernels::first_above(
        logits.data(), from, size, candidates_.front().logit));
  };
  for (id = next(id); id < size; id = next(id + 1)) {
    std::pop_heap(candidates_.begin(), candidates_.end(), Better());
    candidates_.back() = {id, logits[id], 0};
    std::push_heap(candidates_.begin(), candidates_.end(), Better());
  }
  std::sort(
      candidates_.begin(),
      candidates_.end(),
      [](const Candidate& a, const Candidate& b) { return a.id < b.id; });
}

// Fills in the candidates' weights; returns their sum.
double Sampler::weigh_candidates(float largest) {
  const auto count = static_cast<int64_t>(candidates_.size());
  for (int64_t i = 0; i < count; ++i) {
    weights_[i] = candidates_[i].logit;
  }
  kernels::exponentials(
      weights_.data(), largest, factor(), count, weights_.data());
  double total = 0;
  for (int64_t i = 0; i < count; ++i) {
    candidates_[i].weight = weights_[i];
    total += static_cast<double>(weights_[i]);
  }
  std::erase_if(candidates_, [](const Candidate& candidate) {
    return candidate.weight == 0;
  });
  return total;
}

// No token lighter than this is among the heaviest that together reach top_p.
float Sampler::nucleus_threshold(double total) const {
  const auto size = static_cast<int64_t>(weights_.size());
  // The sums below are float: a margin makes up for it.
  const double wanted = settings_.top_p * total * (1 + 1e-3);
  // All tokens lighter than this weigh together less than what top-p leaves
  // out. That may still be a third of the vocabulary; a few passes usually find
  // a better one, from the heaviest down (whose weight is 1).
  const auto least = static_cast<float>(
      total * (1 - settings_.top_p) / static_cast<double>(size) * (1 - 1e-6));
  for (float tried = 0x1p-3f; tried > least; tried *= 0x1p-3f) {
    if (static_cast<double>(
            kernels::sum_at_least(weights_.data(), size, tried)) >= wanted) {
      return tried;
    }
  }
  return least;
}

// Weighs the whole vocabulary; returns the sum. Candidates are those that
// top-p or min-p may keep: all tokens lighter than `least` weigh together less
// than what top-p leaves out.
double Sampler::weigh_all(std::span<const float> logits, float largest) {
  const auto size = static_cast<int64_t>(logits.size());
  kernels::exponentials(
      logits.data(), largest, factor(), size, weights_.data());
  if (settings_.top_p >= 1 && settings_.min_p <= 0) {
    return 0;  // draw_of_all() sums block by block
  }
  const double total = kernels::sum_of_weights(weights_.data(), size);
  float threshold = 0;
  if (settings_.top_p < 1) {
    threshold = nucleus_threshold(total);
  } else {
    threshold = static_cast<float>(settings_.min_p * (1 - 1e-6));
  }
  const float below = threshold > 0 ? std::nextafter(threshold, 0.0f) : 0.0f;
  const auto next = [&](int64_t from) {
    return kernels::first_above(weights_.data(), from, size, below);
  };
  for (int64_t id = next(0); id < size; id = next(id + 1)) {
    candidates_.push_back({static_cast<TokenId>(id), logits[id], weights_[id]});
  }
  return total;
}

// A temperature next to nothing is greedy: what is not the largest weighs 0.
float Sampler::factor() const {
  return static_cast<float>(std::min(1 / settings_.temperature, 1e30));
}

void Sampler::take_top_p(double total) {
  // The best come off a heap one by one, until there are enough.
  const auto worse = [](const Candidate& a, const Candidate& b) {
    return a.weight != b.weight ? a.weight < b.weight : a.id > b.id;
  };
  std::make_heap(candidates_.begin(), candidates_.end(), worse);
  double sum = 0;
  auto end = candidates_.end();
  while (end != candidates_.begin() &&
         (end == candidates_.end() || sum < settings_.top_p * total)) {
    std::pop_heap(candidates_.begin(), end, worse);
    sum += static_cast<double>((--end)->weight);
  }
  candidates_.erase(candidates_.begin(), end);
  std::reverse(candidates_.begin(), candidates_.end());
}

void Sampler::drop_below_min_p() {
  if (settings_.min_p <= 0) {
    return;
  }
  // The heaviest candidate weighs exp(0) = 1.
  const auto least = static_cast<float>(settings_.min_p);
  std::erase_if(candidates_, [&](const Candidate& candidate) {
    return candidate.weight < least;
  });
}

TokenId Sampler::draw_candidate() {
  double total = 0;
  for (const Candidate& candidate : candidates_) {
    total += static_cast<double>(candidate.weight);
  }
  double left = uniform(settings_.seed, draws_++) * total;
  for (const Candidate& candidate : candidates_) {
    left -= static_cast<double>(candidate.weight);
    if (left < 0) {
      return candidate.id;
    }
  }
  return candidates_.back().id;
}

TokenId Sampler::draw_of_all() {
  const auto size = static_cast<int64_t>(weights_.size());
  const auto block_sum = [&](int64_t begin) {
    return kernels::sum_of_weights(
        weights_.data() + begin, std::min(kDrawBlock, size - begin));
  };
  double total = 0;
  block_sums_.clear();
  for (int64_t begin = 0; begin < size; begin += kDrawBlock) {
    block_sums_.push_back(block_sum(begin));
    total += block_sums_.back();
  }
  double left = uniform(settings_.seed, draws_++) * total;
  int64_t begin = 0;
  for (; begin + kDrawBlock < size; begin += kDrawBlock) {
    const double sum = block_sums_[begin / kDrawBlock];
    if (left < sum) {
      break;
    }
    left -= sum;
  }
  int64_t last = -1;
  for (int64_t id = begin; id < size; ++id) {
    if (weights_[id] > 0) {
      last = id;
      left -= static_cast<double>(weights_[id]);
      if (left < 0) {
        break;
      }
    }
  }
  // Rounding may leave a little; then the last token that is possible at all.
  for (int64_t id = begin; last < 0; --id) {
    last = weights_[id] > 0 ? id : -1;
  }
  return static_cast<TokenId>(last);
}

}  // namespace bantam
