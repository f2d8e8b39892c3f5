// SPDX-License-Identifier: MIT
// An engine measured from inside: tokens at a length of context, and what the
// graph of a token costs the host.
#include <algorithm>
#include <vector>

#include "base/error.h"
#include "engine/answering.h"
#include "nn/eval.h"
#include "nn/graph_census.h"

namespace bantam {

namespace {

// Ids spread over the vocabulary: what a prompt says does not matter to a dense
// model, and a sparse one should visit different experts.
std::vector<TokenId> measuring_prompt(int64_t tokens, int64_t vocabulary) {
  std::vector<TokenId> ids(static_cast<size_t>(tokens));
  for (int64_t i = 0; i < tokens; ++i) {
    ids[static_cast<size_t>(i)] =
        static_cast<TokenId>((i * 7919 + 13) % vocabulary);
  }
  return ids;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

TokenTimes Engine::Impl::time_tokens(
    int64_t context,
    int64_t tokens,
    std::stop_token stop) {
  if (context < 0 || tokens < 1 ||
      context > shape.context_tokens - tokens - 1) {
    fail(
        ErrorCode::invalid_request,
        "{} tokens at a context of {}: the model's context holds {}",
        tokens,
        context,
        shape.context_tokens);
  }
  // Something has to be read before there are logits.
  const std::vector<TokenId> prompt =
      measuring_prompt(std::max<int64_t>(context, 1), shape.vocabulary);
  Result result;
  result.prompt_tokens = static_cast<int64_t>(prompt.size());
  result.finish_reason = FinishReason::length;
  Sequence& sequence = sequences.first();
  const Observer nobody;
  Answering answering(*this, sequence, nobody, stop);
  const RunGuard& guard = answering.guard();
  sequence.timeline.forget();
  sequence.timeline.start(prompt, {});
  reserve(std::min<int64_t>(run.prefill_chunk, result.prompt_tokens));
  TokenLoop loop(
      *model, sequence.cache, {}, compute, /* may_run_ahead = */ true);
  answering.guard().so_far().begin(result);
  TokenTimes times;
  if (answering.prefill(prompt, loop, result)) {
    const Stopwatch clock;
    int64_t done = 0;
    for (; done < tokens && !guard.must_stop() && !stop.stop_requested();
         ++done) {
      const TokenId token = loop.sample(done + 1 == tokens);
      if (!loop.runs_ahead()) {
        loop.advance(token);
      }
    }
    times.decode_s = clock.seconds();
    if (done < tokens) {
      result.finish_reason =
          guard.must_stop() ? guard.finish_reason() : FinishReason::cancelled;
    }
  }
  answering.finish(result);
  times.prefill_s = result.timing.prefill_s;
  times.finish_reason = result.finish_reason;
  times.memory = result.memory;
  times.notes = result.notes;
  return times;
}

GraphCost Engine::Impl::count_graph() {
  constexpr int kRounds = 31;
  const std::vector<TokenId> ids =
      measuring_prompt(kRounds + 1, shape.vocabulary);
  nn::settle(compute);
  Sequence& sequence = sequences.first();
  sequence.timeline.forget();
  run_stop = {};
  reserve(1);
  GraphCost cost;
  cost.layers = static_cast<int64_t>(shape.layers.size());
  std::vector<double> build, whole;
  for (size_t i = 0; i < ids.size(); ++i) {
    const Stopwatch clock;
    nn::mx::array logits = model->forward({&ids[i], 1}, 1, sequence.cache);
    const double built = clock.seconds();
    if (i == 0) {  // touches the weights for the first time
      cost.primitives = nn::count_primitives(logits);
    } else {
      build.push_back(built);
    }
    nn::values(logits);
    if (i > 0) {
      whole.push_back(clock.seconds());
    }
  }
  cost.build_s = median(build);
  cost.token_s = median(whole);
  return cost;
}

TokenTimes Engine::time_tokens(
    int64_t context,
    int64_t tokens,
    std::stop_token stop) {
  return impl_->time_tokens(context, tokens, stop);
}

GraphCost Engine::count_graph() {
  return impl_->count_graph();
}

}  // namespace bantam
