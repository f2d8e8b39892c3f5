// SPDX-License-Identifier: MIT
#include "engine/answering.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/size.h"
#include "engine/answer_stream.h"
#include "generate/logprobs.h"
#include "machine/process_memory.h"
#include "nn/eval.h"

namespace bantam {

namespace {

// A run over its plan by more than this is a defect of the plan: 3 %, but small
// runs have 4 MiB for what a page here and there costs.
constexpr double kPlanTolerance = 0.03;
constexpr int64_t kPlanSlackBytes = 4 << 20;

// In yellow a chunk of the prompt is this much smaller, so that less memory is
// in use and a stop is heard sooner.
constexpr int64_t kYellowChunkDivisor = 4;

// While others wait for their turn: what they wait for is a chunk like this. As
// many tokens as it takes to read the weights once for all of them.
constexpr int64_t kSharedChunk = 64;

// What may come next in an answer that `constraint` (may be null) holds to
// JSON: where the JSON may end, so may the answer.
std::optional<TokenMask> allowed_tokens(
    JsonConstraint* constraint,
    const std::vector<TokenId>& ends) {
  if (constraint == nullptr) {
    return std::nullopt;
  }
  TokenMask mask = constraint->allowed();
  if (constraint->may_end()) {
    for (const TokenId id : ends) {
      mask.allow(id);
    }
  }
  if (mask.is_empty()) {
    fail(
        ErrorCode::unsupported,
        "the model's vocabulary has no token that goes on with this JSON");
  }
  return mask;
}

void emit(
    const AnswerPieces& pieces,
    const Observer& observer,
    Result& result) {
  result.reasoning += pieces.reasoning;
  if (observer.reasoning && !pieces.reasoning.empty()) {
    observer.reasoning(pieces.reasoning);
  }
  result.text += pieces.answer;
  if (observer.text && !pieces.answer.empty()) {
    observer.text(pieces.answer);
  }
}

}  // namespace

Engine::Impl::Answering::Answering(
    Impl& engine,
    Sequence& sequence,
    const Observer& observer,
    std::stop_token stop)
    : engine_(engine),
      sequence_(sequence),
      observer_(observer),
      stop_(std::move(stop)),
      turn_(engine.turns, std::defer_lock) {
  if (sequence.guard == nullptr) {
    // What swapped before is not this run's doing.
    sequence.before = engine.source->sample();
    sequence.guard = engine.make_guard(sequence.before);
  }
  take_turn();
  nn::settle(engine.compute);  // of what a run before may have left
  // Buffers of other sizes than this prompt's would come on top of the plan.
  nn::give_back();
  traffic_before_ = engine.residency.traffic();
}

Engine::Impl::Answering::~Answering() {
  if (!finished_) {
    if (turn_.owns_lock()) {
      nn::settle(engine_.compute);
    }
    pass_turn();
    // A run that fails is not watched any more.
    sequence_.guard.reset();
  }
}

void Engine::Impl::Answering::take_turn() {
  if (!turn_.owns_lock()) {
    turn_.lock();
  }
  engine_.run_stop = either_.get_token();
}

void Engine::Impl::Answering::pass_turn() {
  if (turn_.owns_lock()) {
    turn_.unlock();
  }
}

int64_t Engine::Impl::Answering::chunk_tokens() const {
  int64_t tokens = engine_.run.prefill_chunk;
  if (sequence_.guard->shrink_prefill()) {
    tokens = std::max<int64_t>(1, tokens / kYellowChunkDivisor);
  }
  return engine_.turns.waiting() > 0 ? std::min(tokens, kSharedChunk) : tokens;
}

void Engine::Impl::Answering::give_back_if_asked() {
  if (guard().take_give_back()) {
    sequence_.timeline.give_back();
    nn::give_back();
  }
}

bool Engine::Impl::Answering::prefill(
    std::span<const TokenId> prompt,
    TokenLoop& loop,
    Result& result) {
  const Stopwatch clock;
  const auto chunk = [&] {
    pass_turn();
    take_turn();
    give_back_if_asked();
    return sequence_.timeline.begin_chunk(chunk_tokens());
  };
  const auto progress = [&](int64_t done) {
    sequence_.timeline.computed(result.cached_tokens + done);
    if (observer_.prefill) {
      observer_.prefill(result.cached_tokens + done, result.prompt_tokens);
    }
  };
  // Either of user and guard stops the work between two layers.
  const auto request_stop = [&] { either_.request_stop(); };
  const std::stop_callback by_user(stop_, request_stop);
  const std::stop_callback by_guard(guard().stop_token(), request_stop);
  const bool read = loop.prefill(
      prompt.subspan(result.cached_tokens),
      chunk,
      progress,
      either_.get_token());
  result.timing.prefill_s = clock.seconds();
  if (!loop.runs_ahead()) {
    pass_turn();
  }
  if (!read) {
    result.finish_reason =
        guard().must_stop() ? guard().finish_reason() : FinishReason::cancelled;
  }
  return read;
}

// The only part of a token's work that all requests share.
void Engine::Impl::Answering::advance(TokenId token, TokenLoop& loop) {
  take_turn();
  give_back_if_asked();
  sequence_.timeline.begin_token();
  loop.advance(token);
  sequence_.timeline.computed_token(token);
  pass_turn();
}

bool Engine::Impl::Answering::must_end(Result& result) {
  if (guard().must_stop()) {
    result.finish_reason = guard().finish_reason();
    return true;
  }
  if (stop_.stop_requested()) {
    result.finish_reason = FinishReason::cancelled;
    return true;
  }
  return false;
}

void Engine::Impl::Answering::decode(
    const Request& request,
    const EncodedPrompt& prompt,
    int64_t max_tokens,
    const std::vector<TokenId>& ends,
    JsonConstraint* constraint,
    const Stopwatch& clock,
    TokenLoop& loop,
    Result& result) {
  AnswerStream answer(*engine_.tokenizer, prompt, request);
  Stopwatch decode_clock;
  result.finish_reason = FinishReason::length;
  while (result.completion_tokens() < max_tokens) {
    if (constraint != nullptr && constraint->must_end()) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    if (!result.token_ids.empty() && !loop.runs_ahead()) {
      advance(result.token_ids.back(), loop);
    }
    const bool is_last = result.completion_tokens() + 1 == max_tokens;
    // Reasoning is free; what comes after it is held to the schema.
    const bool held = constraint != nullptr && !answer.inside_reasoning();
    const std::optional<TokenMask> mask =
        allowed_tokens(held ? constraint : nullptr, ends);
    const std::optional<TokenId> forced = answer.forced();
    const TokenId token =
        forced ? *forced : loop.sample(is_last, mask ? &*mask : nullptr);
    if (forced) {
      loop.take(token);
    }
    result.token_ids.push_back(token);
    if (result.completion_tokens() == 1) {
      result.timing.first_token_s = clock.seconds();
      decode_clock = {};
    }
    if (std::find(ends.begin(), ends.end(), token) != ends.end()) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    if (held) {
      constraint->accept(token);
    }
    if (request.top_logprobs) {
      result.logprobs.push_back(rate_token(
          loop.logits(), token, *request.top_logprobs, engine_.token_bytes));
      if (observer_.token) {
        observer_.token(result.logprobs.back());
      }
    }
    const AnswerPieces pieces = answer.push(token);
    guard().so_far().append(token, pieces.answer, pieces.reasoning);
    emit(pieces, observer_, result);
    if (answer.stopped()) {
      result.stop_string = answer.stop_string();
      result.finish_reason = FinishReason::stop;
      break;
    }
    if (must_end(result)) {
      break;
    }
    if (loop.runs_ahead()) {
      give_back_if_asked();
    }
  }
  result.timing.decode_s = decode_clock.seconds();
  emit(answer.finish(), observer_, result);
  result.reasoning_tokens = answer.reasoning_tokens();
  if (result.text.empty() && result.reasoning_tokens > 0) {
    result.notes.push_back(
        fmt::format(
            "there is no answer: all {} token{} went into reasoning; raise "
            "--max-tokens, or end the reasoning by --thinking-budget",
            result.completion_tokens(),
            result.completion_tokens() == 1 ? "" : "s"));
  }
}

// While others are answered too, what they used in the meantime counts here.
ExpertUse Engine::Impl::Answering::expert_use() const {
  const nn::ExpertTraffic& now = engine_.residency.traffic();
  return {
      .choices = now.choices - traffic_before_.choices,
      .visits = now.visits - traffic_before_.visits,
      .misses = now.misses - traffic_before_.misses,
      .bytes = now.bytes - traffic_before_.bytes,
      .missed_bytes = now.missed_bytes - traffic_before_.missed_bytes,
      .resident_bytes = engine_.residency.resident_bytes(),
      .total_bytes = engine_.shape.expert_bytes()};
}

void Engine::Impl::Answering::finish(Result& result) {
  finished_ = true;
  if (engine_.shape.expert_bytes() > 0 && !engine_.run.copies_weights) {
    take_turn();
    result.experts = expert_use();
  }
  pass_turn();
  MemoryUse& memory = result.memory;
  memory.planned_bytes = engine_.cleared.plan.total_bytes();
  memory.peak_bytes = peak_process_bytes();
  memory.budget_bytes = engine_.cleared.budget.bytes;
  memory.kv_budget_tokens = engine_.options.max_kv_size;
  memory.kv_dropped_tokens = sequence_.cache.dropped_tokens();
  guard().finish(result);
  sequence_.guard.reset();
  if (engine_.recorder && engine_.recorder->failed()) {
    result.notes.push_back(
        "the memory trace " + engine_.options.memory.record +
        " is not complete");
  }
  const std::vector<std::string>& warnings = engine_.cleared.warnings;
  result.notes.insert(result.notes.end(), warnings.begin(), warnings.end());
  compare_with_plan(result);
}

void Engine::Impl::Answering::compare_with_plan(Result& result) const {
  const MemoryUse& memory = result.memory;
  const auto planned = static_cast<double>(memory.planned_bytes);
  const int64_t allowed = std::max(
      static_cast<int64_t>(planned * (1 + kPlanTolerance)),
      memory.planned_bytes + kPlanSlackBytes);
  if (memory.peak_bytes > allowed && !engine_.run.copies_weights) {
    result.notes.push_back(
        fmt::format(
            "the run took {}, but its plan was {}: a defect of the plan; "
            "please report it with the output of bantam plan",
            format_size(memory.peak_bytes),
            format_size(memory.planned_bytes)));
  }
}

}  // namespace bantam
