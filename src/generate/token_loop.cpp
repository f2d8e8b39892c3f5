// SPDX-License-Identifier: MIT
#include "generate/token_loop.h"

#include <algorithm>
#include <utility>

#include "kernels/finite.h"
#include "nn/eval.h"

namespace bantam {

TokenLoop::TokenLoop(Model& model, KvCache& cache, SamplingSettings sampling)
    : model_(model),
      cache_(cache),
      sampler_(std::move(sampling), model.shape().vocabulary),
      logits_(model.shape().vocabulary) {}

bool TokenLoop::prefill(
    std::span<const TokenId> prompt,
    const std::function<int64_t()>& chunk,
    const std::function<void(int64_t done)>& progress,
    std::stop_token stop) {
  try {
    return read_prompt(prompt, chunk, progress, stop);
  } catch (const nn::StopRequested&) {
    return false;
  }
}

bool TokenLoop::read_prompt(
    std::span<const TokenId> prompt,
    const std::function<int64_t()>& chunk,
    const std::function<void(int64_t done)>& progress,
    const std::stop_token& stop) {
  size_t done = 0;
  while (done < prompt.size()) {
    if (stop.stop_requested()) {
      return false;
    }
    const size_t count =
        std::min(static_cast<size_t>(chunk()), prompt.size() - done);
    nn::mx::array logits =
        model_.forward(prompt.subspan(done, count), 1, cache_);
    const std::span<const float> row = nn::values(logits);
    done += count;
    if (done == prompt.size()) {
      std::copy(row.begin(), row.end(), logits_.begin());
    }
    if (progress) {
      progress(static_cast<int64_t>(done));
    }
  }
  return true;
}

bool TokenLoop::is_finite() const {
  return kernels::all_finite(
      logits_.data(), static_cast<int64_t>(logits_.size()));
}

TokenId TokenLoop::sample() {
  return sampler_.sample(logits_);
}

void TokenLoop::advance(TokenId token) {
  nn::mx::array logits =
      model_.forward(std::span<const TokenId>(&token, 1), 1, cache_);
  const std::span<const float> row = nn::values(logits);
  std::copy(row.begin(), row.end(), logits_.begin());
}

}  // namespace bantam
