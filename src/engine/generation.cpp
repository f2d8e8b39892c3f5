// SPDX-License-Identifier: MIT
// One request answered: prompt, prefill, decoding, and what it took.
#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

#include "base/error.h"
#include "base/size.h"
#include "engine/answer_stream.h"
#include "engine/engine_impl.h"
#include "generate/logprobs.h"
#include "machine/process_memory.h"
#include "models/workspace.h"
#include "nn/eval.h"
#include "weights/damaged_values.h"

namespace bantam {

namespace {

// A run over its plan by more than this is a defect of the plan: 3 %, but small
// runs have 4 MiB for what a page here and there costs.
constexpr double kPlanTolerance = 0.03;
constexpr int64_t kPlanSlackBytes = 4 << 20;

// In yellow a chunk of the prompt is this much smaller, so that less memory is
// in use and a stop is heard sooner.
constexpr int64_t kYellowChunkDivisor = 4;

constexpr size_t kConstraintsKept = 4;

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

// A token by its id or its spelling.
std::optional<TokenId> token_named(
    const std::string& name,
    const Tokenizer& tokenizer) {
  TokenId id = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, id);
  if (error == std::errc{} && stop == end && id >= 0 &&
      id < tokenizer.vocabulary_size()) {
    return id;
  }
  return tokenizer.find(name);
}

// Runs `act` if the scope is left by an exception.
template <typename Act>
class OnFailure {
 public:
  explicit OnFailure(Act act) : act_(std::move(act)) {}
  ~OnFailure() {
    if (std::uncaught_exceptions() > before_) {
      act_();
    }
  }
  OnFailure(const OnFailure&) = delete;
  OnFailure& operator=(const OnFailure&) = delete;

 private:
  Act act_;
  int before_ = std::uncaught_exceptions();
};

const char* plural(int64_t count) {
  return count == 1 ? "" : "s";
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

void Engine::Impl::reserve(int64_t tokens) {
  if (compute.path == nn::KernelPath::stock) {
    return;
  }
  reserve_workspace(
      workspace,
      workspace_need(shape, run.kv_budget_tokens, tokens, pool.threads()));
}

EncodedPrompt Engine::Impl::prompt_of(const Request& request, Result& result)
    const {
  EncodedPrompt prompt;
  if (request.prompt_ids.empty()) {
    prompt = chat_prompt.encode(request, result.notes);
  } else {
    prompt.ids = request.prompt_ids;
  }
  const int64_t context = shape.context_tokens;
  if (static_cast<int64_t>(prompt.ids.size()) >= context) {
    fail(
        ErrorCode::invalid_request,
        "the prompt has {} tokens, but the model's context holds {}; shorten "
        "the prompt or choose a model with a longer context",
        prompt.ids.size(),
        context);
  }
  // A tokenizer may know more tokens than the model has rows for.
  for (const TokenId id : prompt.ids) {
    if (!request.prompt_ids.empty() && (id < 0 || id >= shape.vocabulary)) {
      fail(
          ErrorCode::invalid_request,
          "the prompt has token id {}, but the model knows {} tokens",
          id,
          shape.vocabulary);
    }
    if (id >= shape.vocabulary) {
      fail(
          ErrorCode::invalid_file,
          "{}: the tokenizer makes token {}, but the model knows {} tokens",
          checkpoint.path(),
          id,
          shape.vocabulary);
    }
  }
  result.prompt_tokens = static_cast<int64_t>(prompt.ids.size());
  result.prompt_ids = prompt.ids;
  return prompt;
}

std::vector<TokenId> Engine::Impl::end_tokens_for(
    const Request& request) const {
  std::vector<TokenId> ends = end_tokens;
  for (const std::string& spelling : request.end_tokens) {
    const std::optional<TokenId> id = token_named(spelling, *tokenizer);
    if (!id) {
      fail(
          ErrorCode::invalid_request,
          "end token \"{}\" is not in the vocabulary",
          spelling);
    }
    ends.push_back(*id);
  }
  return ends;
}

// nullptr: the answer is free. A few grammars are kept with their masks, since
// clients ask for the same schema again and again.
JsonConstraint* Engine::Impl::constraint_for(const Request& request) {
  if (request.json_schema.empty()) {
    return nullptr;
  }
  if (sorted_vocabulary == nullptr) {
    sorted_vocabulary =
        std::make_shared<const SortedVocabulary>(*tokenizer, shape.vocabulary);
  }
  const auto known = std::find_if(
      constraints.begin(), constraints.end(), [&](const auto& kept) {
        return kept.first == request.json_schema;
      });
  if (known != constraints.end()) {
    constraints.splice(constraints.begin(), constraints, known);
  } else {
    constraints.emplace_front(
        request.json_schema,
        JsonConstraint(request.json_schema, sorted_vocabulary));
    if (constraints.size() > kConstraintsKept) {
      constraints.pop_back();
    }
  }
  constraints.front().second.restart();
  return &constraints.front().second;
}

void Engine::Impl::decode(
    const Request& request,
    const EncodedPrompt& prompt,
    int64_t max_tokens,
    TokenLoop& loop,
    const Observer& observer,
    std::stop_token stop,
    const Stopwatch& clock,
    Result& result) {
  const std::vector<TokenId> ends = end_tokens_for(request);
  JsonConstraint* constraint = constraint_for(request);
  AnswerStream answer(*tokenizer, prompt, request);
  Stopwatch decode_clock;
  result.finish_reason = FinishReason::length;
  while (result.completion_tokens() < max_tokens) {
    if (constraint != nullptr && constraint->must_end()) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    if (!result.token_ids.empty() && !loop.runs_ahead()) {
      timeline.begin_token();
      loop.advance(result.token_ids.back());
      timeline.computed_token(result.token_ids.back());
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
      result.logprobs.push_back(
          rate_token(loop.logits(), token, *request.top_logprobs, token_bytes));
      if (observer.token) {
        observer.token(result.logprobs.back());
      }
    }
    const AnswerPieces pieces = answer.push(token);
    guard->so_far().append(token, pieces.answer, pieces.reasoning);
    emit(pieces, observer, result);
    if (answer.stopped()) {
      result.stop_string = answer.stop_string();
      result.finish_reason = FinishReason::stop;
      break;
    }
    if (guard->must_stop()) {
      result.finish_reason = guard->finish_reason();
      break;
    }
    if (stop.stop_requested()) {
      result.finish_reason = FinishReason::cancelled;
      break;
    }
    if (guard->take_give_back()) {
      timeline.give_back();
      nn::give_back();
    }
  }
  result.timing.decode_s = decode_clock.seconds();
  emit(answer.finish(), observer, result);
  result.reasoning_tokens = answer.reasoning_tokens();
  if (result.text.empty() && result.reasoning_tokens > 0) {
    result.notes.push_back(
        fmt::format(
            "there is no answer: all {} token{} went into reasoning; raise "
            "--max-tokens, or end the reasoning by --thinking-budget",
            result.completion_tokens(),
            plural(result.completion_tokens())));
  }
}

// False if stopped: result.finish_reason says by whom.
bool Engine::Impl::prefill(
    const std::vector<TokenId>& prompt,
    TokenLoop& loop,
    const Observer& observer,
    std::stop_token stop,
    Result& result) {
  const Stopwatch prefill_clock;
  const auto chunk = [&] {
    if (guard->take_give_back()) {
      timeline.give_back();
      nn::give_back();
    }
    return timeline.begin_chunk(
        guard->shrink_prefill()
            ? std::max<int64_t>(1, run.prefill_chunk / kYellowChunkDivisor)
            : run.prefill_chunk);
  };
  const auto progress = [&](int64_t done) {
    timeline.computed(result.cached_tokens + done);
    if (observer.prefill) {
      observer.prefill(result.cached_tokens + done, result.prompt_tokens);
    }
  };
  // Either of user and guard stops the work between two layers.
  std::stop_source either;
  run_stop = either.get_token();
  const auto request_stop = [&] { either.request_stop(); };
  const std::stop_callback by_user(stop, request_stop);
  const std::stop_callback by_guard(guard->stop_token(), request_stop);
  const bool read = loop.prefill(
      std::span(prompt).subspan(result.cached_tokens),
      chunk,
      progress,
      run_stop);
  result.timing.prefill_s = prefill_clock.seconds();
  if (!read) {
    result.finish_reason =
        guard->must_stop() ? guard->finish_reason() : FinishReason::cancelled;
  }
  return read;
}

ExpertUse Engine::Impl::expert_use() const {
  const nn::ExpertTraffic& traffic = residency.traffic();
  return {
      .choices = traffic.choices,
      .visits = traffic.visits,
      .misses = traffic.misses,
      .bytes = traffic.bytes,
      .missed_bytes = traffic.missed_bytes,
      .resident_bytes = residency.resident_bytes(),
      .total_bytes = shape.expert_bytes()};
}

void Engine::Impl::rest() {
  if (guard != nullptr) {
    Result unused;
    guard->finish(unused);
    guard.reset();
  }
}

// The guard's fields and the plan beside the peak.
void Engine::Impl::finish(Result& result) {
  MemoryUse& memory = result.memory;
  memory.planned_bytes = cleared.plan.total_bytes();
  memory.peak_bytes = peak_process_bytes();
  memory.budget_bytes = cleared.budget.bytes;
  memory.kv_budget_tokens = options.max_kv_size;
  memory.kv_dropped_tokens = cache.dropped_tokens();
  guard->finish(result);
  guard.reset();
  if (shape.expert_bytes() > 0 && !run.copies_weights) {
    result.experts = expert_use();
  }
  if (recorder && recorder->failed()) {
    result.notes.push_back(
        "the memory trace " + options.memory.record + " is not complete");
  }
  result.notes.insert(
      result.notes.end(), cleared.warnings.begin(), cleared.warnings.end());
  const auto planned = static_cast<double>(memory.planned_bytes);
  const int64_t allowed = std::max(
      static_cast<int64_t>(planned * (1 + kPlanTolerance)),
      memory.planned_bytes + kPlanSlackBytes);
  if (memory.peak_bytes > allowed && !run.copies_weights) {
    result.notes.push_back(
        fmt::format(
            "the run took {}, but its plan was {}: a defect of the plan; "
            "please report it with the output of bantam plan",
            format_size(memory.peak_bytes),
            format_size(memory.planned_bytes)));
  }
}

// The output is no number: which weight is none?
void Engine::Impl::name_damage(const Error& error) const {
  if (const auto damage = find_damaged_value(checkpoint)) {
    fail(ErrorCode::invalid_file, "{}: {}", error.what(), *damage);
  }
}

Result Engine::Impl::generate(
    const Request& request,
    const Observer& observer,
    std::stop_token stop) {
  const Stopwatch clock;
  Result result;
  result.timing.load_s = load_s;
  if (request.max_tokens < 1) {
    fail(
        ErrorCode::invalid_request,
        "--max-tokens is {}, but must be at least 1",
        request.max_tokens);
  }
  if (request.top_logprobs && *request.top_logprobs < 0) {
    fail(ErrorCode::invalid_request, "top_logprobs must not be negative");
  }
  const EncodedPrompt prompt = prompt_of(request, result);
  const int64_t room = shape.context_tokens - result.prompt_tokens;
  const int64_t max_tokens = std::min(request.max_tokens, room);

  if (guard == nullptr) {
    // What swapped before is not this run's doing.
    before = source->sample();
    guard = make_guard();
  }
  // A run that fails is not watched any more.
  const OnFailure stop_watching([&] { guard.reset(); });
  nn::settle(compute);  // of what a run before may have left
  // Buffers of other sizes than this prompt's would come on top of the plan.
  nn::give_back();
  residency.reset_traffic();
  if (!options.reuse_prefix) {
    timeline.forget();
  }
  result.cached_tokens =
      timeline.start(prompt.ids, shared_ends(request, prompt.ids));
  reserve(std::min<int64_t>(run.prefill_chunk, result.prompt_tokens));
  TokenLoop loop(
      *model,
      cache,
      request.sampling,
      compute,
      // Nothing looks at the logits or decides about tokens but the sampler.
      /* may_run_ahead = */ request.thinking_budget < 0 &&
          !request.top_logprobs && request.json_schema.empty());
  guard->so_far().begin(result);
  try {
    if (prefill(prompt.ids, loop, observer, stop, result)) {
      decode(request, prompt, max_tokens, loop, observer, stop, clock, result);
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_file) {
      name_damage(error);
    }
    throw;
  }
  if (loop.runs_ahead()) {
    // Fed on the device: of the answer as much as the cache has moved on.
    const int64_t fed = cache.position() - result.prompt_tokens;
    for (int64_t i = 0; i < std::min(fed, result.completion_tokens()); ++i) {
      timeline.computed_token(result.token_ids[i]);
    }
  }
  if (result.finish_reason == FinishReason::length &&
      max_tokens < request.max_tokens) {
    result.notes.push_back(
        fmt::format(
            "the answer ended after {} token{}: the model's context of {} "
            "tokens is full",
            max_tokens,
            plural(max_tokens),
            shape.context_tokens));
  }
  finish(result);
  return result;
}

void Engine::Impl::logits(
    std::span<const int32_t> ids,
    int64_t chunk,
    const LogitRow& row) {
  const int64_t vocabulary = shape.vocabulary;
  for (const int32_t id : ids) {
    if (id < 0 || id >= vocabulary) {
      fail(
          ErrorCode::invalid_request,
          "token id {} is outside the vocabulary of {} tokens",
          id,
          vocabulary);
    }
  }
  if (chunk < 1) {
    fail(ErrorCode::invalid_request, "the chunk must be at least 1 token");
  }
  if (static_cast<int64_t>(ids.size()) > shape.context_tokens) {
    fail(
        ErrorCode::invalid_request,
        "{} token ids are given, but the model's context holds {}",
        ids.size(),
        shape.context_tokens);
  }
  nn::settle(compute);  // of what a run before may have left
  timeline.forget();
  run_stop = {};
  reserve(std::min<int64_t>(chunk, ids.size()));
  for (size_t done = 0; done < ids.size();) {
    const size_t count =
        std::min(static_cast<size_t>(chunk), ids.size() - done);
    nn::mx::array result = model->forward(
        ids.subspan(done, count), static_cast<int64_t>(count), cache);
    const std::span<const float> values = nn::values(result);
    for (size_t t = 0; t < count; ++t) {
      row(values.subspan(t * vocabulary, vocabulary));
    }
    done += count;
  }
}

}  // namespace bantam
