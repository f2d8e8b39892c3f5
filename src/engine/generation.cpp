// SPDX-License-Identifier: MIT
// A request taken: its prompt, its limits and a sequence to be answered in.
#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "engine/answering.h"
#include "models/workspace.h"
#include "nn/eval.h"
#include "weights/damaged_values.h"

namespace bantam {

namespace {

constexpr size_t kConstraintsKept = 4;

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

const char* plural(int64_t count) {
  return count == 1 ? "" : "s";
}

// A sequence for the length of a request.
class SequenceLease {
 public:
  SequenceLease(Sequences& sequences, std::span<const TokenId> prompt)
      : sequences_(sequences), sequence_(sequences.take(prompt)) {}
  ~SequenceLease() { sequences_.give(sequence_); }
  SequenceLease(const SequenceLease&) = delete;
  SequenceLease& operator=(const SequenceLease&) = delete;

  Sequence& operator*() const { return sequence_; }

 private:
  Sequences& sequences_;
  Sequence& sequence_;
};

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
JsonConstraint* Engine::Impl::constraint_for(
    const Request& request,
    Sequence& sequence) {
  if (request.json_schema.empty()) {
    return nullptr;
  }
  if (sorted_vocabulary == nullptr) {
    sorted_vocabulary =
        std::make_shared<const SortedVocabulary>(*tokenizer, shape.vocabulary);
  }
  auto& constraints = sequence.constraints;
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

void Engine::Impl::rest() {
  std::unique_ptr<RunGuard>& guard = sequences.first().guard;
  if (guard != nullptr) {
    Result unused;
    guard->finish(unused);
    guard.reset();
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

  const std::vector<TokenId> ends = end_tokens_for(request);
  const SequenceLease lease(sequences, prompt.ids);
  Sequence& sequence = *lease;
  Timeline& timeline = sequence.timeline;
  Answering answering(*this, sequence, observer, stop);
  JsonConstraint* const constraint = constraint_for(request, sequence);
  if (!options.reuse_prefix) {
    timeline.forget();
  }
  result.cached_tokens =
      timeline.start(prompt.ids, shared_ends(request, prompt.ids, timeline));
  reserve(std::min<int64_t>(run.prefill_chunk, result.prompt_tokens));
  TokenLoop loop(
      *model,
      sequence.cache,
      request.sampling,
      compute,
      // Nothing looks at the logits or decides about tokens but the sampler,
      // and nobody else is to have a turn.
      /* may_run_ahead = */ request.thinking_budget < 0 &&
          !request.top_logprobs && constraint == nullptr &&
          sequences.count() == 1);
  answering.guard().so_far().begin(result);
  try {
    if (answering.prefill(prompt.ids, loop, result)) {
      answering.decode(
          request, prompt, max_tokens, ends, constraint, clock, loop, result);
    }
  } catch (const Error& error) {
    if (error.code() == ErrorCode::invalid_file) {
      name_damage(error);
    }
    throw;
  }
  if (loop.runs_ahead()) {
    // Fed on the device: of the answer as much as the cache has moved on.
    const int64_t fed = sequence.cache.position() - result.prompt_tokens;
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
  answering.finish(result);
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
  Sequence& sequence = sequences.first();
  sequence.timeline.forget();
  run_stop = {};
  reserve(std::min<int64_t>(chunk, ids.size()));
  for (size_t done = 0; done < ids.size();) {
    const size_t count =
        std::min(static_cast<size_t>(chunk), ids.size() - done);
    nn::mx::array result = model->forward(
        ids.subspan(done, count), static_cast<int64_t>(count), sequence.cache);
    const std::span<const float> values = nn::values(result);
    for (size_t t = 0; t < count; ++t) {
      row(values.subspan(t * vocabulary, vocabulary));
    }
    done += count;
  }
}

}  // namespace bantam
