// SPDX-License-Identifier: MIT
#include "generate/token_loop.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "generate/device_sampler.h"
#include "kernels/finite.h"
#include "nn/eval.h"

namespace bantam {

namespace {

[[noreturn]] void fail_not_finite() {
  fail(
      ErrorCode::invalid_file,
      "the model's output is not a number but a NaN or an infinity; its weights "
      "are damaged or its values overflow");
}

}  // namespace

TokenLoop::TokenLoop(
    Model& model,
    KvCache& cache,
    SamplingSettings sampling,
    const nn::Compute& compute,
    bool may_run_ahead)
    : model_(model),
      cache_(cache),
      sampler_(sampling, model.shape().vocabulary),
      logits_(model.shape().vocabulary),
      compute_(compute),
      settings_(std::move(sampling)),
      is_pipelined_(
          may_run_ahead && compute.stream.device == nn::mx::Device::gpu &&
          can_sample_on_device(settings_)) {}

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
    done += count;
    const bool is_end = done == prompt.size();
    if (is_end && is_pipelined_) {
      start_next(logits);
    }
    nn::eval({logits});
    if (is_end && !is_pipelined_) {
      const std::span<const float> row = nn::values(logits);
      std::copy(row.begin(), row.end(), logits_.begin());
    }
    if (progress) {
      progress(static_cast<int64_t>(done));
    }
  }
  return true;
}

void TokenLoop::start_next(const nn::mx::array& logits) {
  next_ = sample_on_device(logits, settings_, draws_++, compute_);
  nn::start({*next_});
}

TokenId TokenLoop::sample(bool is_last, const TokenMask* mask) {
  if (!is_pipelined_) {
    if (!kernels::all_finite(
            logits_.data(), static_cast<int64_t>(logits_.size()))) {
      fail_not_finite();
    }
    return sampler_.sample(logits_, mask);
  }
  nn::mx::array token = *next_;
  if (!is_last) {
    start_next(model_.forward(token, 1, cache_));
  }
  const TokenId id = nn::integer(token);
  if (id < 0) {
    fail_not_finite();
  }
  return id;
}

void TokenLoop::advance(TokenId token) {
  nn::mx::array logits =
      model_.forward(std::span<const TokenId>(&token, 1), 1, cache_);
  const std::span<const float> row = nn::values(logits);
  std::copy(row.begin(), row.end(), logits_.begin());
}

}  // namespace bantam
