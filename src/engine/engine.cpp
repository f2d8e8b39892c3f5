// SPDX-License-Identifier: MIT
// Engine: puts weights, tokenizer, model, cache and sampler together.
#include "bantam/engine.h"

#include <mlx/mlx.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "base/error.h"
#include "cache/kv_cache.h"
#include "engine/chat_prompt.h"
#include "generate/token_loop.h"
#include "machine/process_memory.h"
#include "memory/plan.h"
#include "models/registry.h"
#include "nn/eval.h"
#include "text/stop_strings.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"

namespace bantam {

namespace {

// MLX keeps freed buffers for reuse up to this much; the activations of a
// chunk are what it needs.
constexpr size_t kMlxCacheBytes = 16 << 20;

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

void check_options(const EngineOptions& options) {
  const auto at_least = [](const char* flag, int64_t value, int64_t least) {
    if (value < least) {
      fail(
          ErrorCode::invalid_request,
          "{} is {}, but must be at least {}",
          flag,
          value,
          least);
    }
  };
  at_least("--threads", options.threads, 0);
  at_least("--max-kv-size", options.max_kv_size, kMinBudgetTokens);
  at_least("--prefill-chunk", options.prefill_chunk, 1);
  if (options.device == DeviceChoice::gpu && !nn::mx::gpu::is_available()) {
    fail(
        ErrorCode::unavailable,
        "--device gpu: this build of MLX sees no GPU; leave the flag out to "
        "run on the CPU");
  }
}

nn::mx::Device device_of(const EngineOptions& options) {
  return options.device == DeviceChoice::gpu ? nn::mx::Device::gpu
                                             : nn::mx::Device::cpu;
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

const char* plural(int64_t count) {
  return count == 1 ? "" : "s";
}

}  // namespace

struct Engine::Impl {
  explicit Impl(const EngineOptions& engine_options);

  Result generate(
      const Request& request,
      const Observer& observer,
      std::stop_token stop);
  void logits(std::span<const int32_t> ids, int64_t chunk, const LogitRow& row);

  std::vector<TokenId> prompt_of(const Request& request, Result& result) const;
  std::vector<TokenId> end_tokens_for(const Request& request) const;
  void decode(
      const Request& request,
      int64_t max_tokens,
      TokenLoop& loop,
      const Observer& observer,
      std::stop_token stop,
      const Stopwatch& clock,
      Result& result);
  int64_t most_cached_tokens() const;
  void reserve(int64_t tokens);

  EngineOptions options;
  Stopwatch load_clock;
  Checkpoint checkpoint;
  std::unique_ptr<Tokenizer> tokenizer;
  ChatPrompt chat_prompt;
  std::vector<TokenId> end_tokens;
  kernels::ThreadPool pool;
  nn::Workspace workspace;
  nn::Compute compute;
  std::unique_ptr<Model> model;
  KvCache cache;
  MemoryPlan plan;
  ModelSummary summary;
  double load_s = 0;
};

Engine::Impl::Impl(const EngineOptions& engine_options)
    : options((check_options(engine_options), engine_options)),
      checkpoint(locate_model(options.model)),
      tokenizer(checkpoint.make_tokenizer()),
      chat_prompt(checkpoint, *tokenizer),
      end_tokens(end_tokens_of(checkpoint, *tokenizer)),
      pool(options.threads),
      compute{
          .stream = nn::mx::new_thread_unsafe_stream(device_of(options)),
          .path = options.device == DeviceChoice::gpu ||
                  options.kernels == KernelChoice::mlx
              ? nn::KernelPath::stock
              : nn::KernelPath::native,
          .pool = &pool,
          .workspace = &workspace},
      model(make_model(checkpoint, compute)),
      cache(model->shape(), most_cached_tokens(), compute) {
  nn::mx::set_cache_limit(kMlxCacheBytes);
  const ModelShape& shape = model->shape();
  plan = plan_memory(
      shape,
      {.kv_budget_tokens = most_cached_tokens(),
       .prefill_chunk = options.prefill_chunk});
  summary = {
      .name = checkpoint.name(),
      .path = checkpoint.path(),
      .family = shape.family,
      .bits_per_weight = 8.0 * static_cast<double>(shape.weight_bytes) /
          static_cast<double>(shape.parameters),
      .parameters = shape.parameters,
      .weight_bytes = shape.weight_bytes,
      .context_tokens = shape.context_tokens,
      .vocabulary = shape.vocabulary};
  load_s = load_clock.seconds();
}

// No position lies beyond the context, so a larger budget is never full and
// gets no memory.
int64_t Engine::Impl::most_cached_tokens() const {
  return std::max(
      kMinBudgetTokens,
      std::min(options.max_kv_size, model->shape().context_tokens));
}

void Engine::Impl::reserve(int64_t tokens) {
  if (compute.path == nn::KernelPath::stock) {
    return;
  }
  const ModelShape& shape = model->shape();
  const auto widest = std::max(shape.widest_input, shape.widest_output);
  workspace.activations.reserve(tokens, shape.widest_input);
  if (workspace.floats.size() < static_cast<size_t>(tokens * widest)) {
    workspace.floats.resize(tokens * widest);
  }
  const LayerShape& layer = shape.layers.front();
  const int64_t scratch = kernels::attention_scratch_bytes(
      {.heads = shape.heads,
       .kv_heads = layer.kv_heads,
       .head_dim = layer.head_dim,
       .scale = 1},
      most_cached_tokens(),
      tokens,
      pool.threads());
  if (workspace.attention.size() < static_cast<size_t>(scratch)) {
    workspace.attention.resize(scratch);
  }
}

std::vector<TokenId> Engine::Impl::prompt_of(
    const Request& request,
    Result& result) const {
  std::vector<TokenId> prompt = chat_prompt.encode(request, result.notes);
  const int64_t context = model->shape().context_tokens;
  if (static_cast<int64_t>(prompt.size()) >= context) {
    fail(
        ErrorCode::invalid_request,
        "the prompt has {} tokens, but the model's context holds {}; shorten "
        "the prompt or choose a model with a longer context",
        prompt.size(),
        context);
  }
  // A tokenizer may know more tokens than the model has rows for.
  for (const TokenId id : prompt) {
    if (id >= model->shape().vocabulary) {
      fail(
          ErrorCode::invalid_file,
          "{}: the tokenizer makes token {}, but the model knows {} tokens",
          checkpoint.path(),
          id,
          model->shape().vocabulary);
    }
  }
  result.prompt_tokens = static_cast<int64_t>(prompt.size());
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

void Engine::Impl::decode(
    const Request& request,
    int64_t max_tokens,
    TokenLoop& loop,
    const Observer& observer,
    std::stop_token stop,
    const Stopwatch& clock,
    Result& result) {
  const std::vector<TokenId> ends = end_tokens_for(request);
  StreamDecoder decoder(*tokenizer);
  StopStrings stop_strings(request.stop);
  const auto emit = [&](const std::string& piece) {
    result.text += piece;
    if (observer.text && !piece.empty()) {
      observer.text(piece);
    }
  };
  Stopwatch decode_clock;
  result.finish_reason = FinishReason::length;
  while (result.completion_tokens() < max_tokens) {
    if (!result.token_ids.empty()) {
      loop.advance(result.token_ids.back());
    }
    const TokenId token = loop.sample();
    result.token_ids.push_back(token);
    if (result.completion_tokens() == 1) {
      result.timing.first_token_s = clock.seconds();
      decode_clock = {};
    }
    if (std::find(ends.begin(), ends.end(), token) != ends.end()) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    emit(stop_strings.push(decoder.push(token)));
    if (stop_strings.stopped()) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    if (stop.stop_requested()) {
      result.finish_reason = FinishReason::cancelled;
      break;
    }
  }
  result.timing.decode_s = decode_clock.seconds();
  if (!stop_strings.stopped()) {
    emit(stop_strings.push(decoder.finish()));
    emit(stop_strings.finish());
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
  const std::vector<TokenId> prompt = prompt_of(request, result);
  const int64_t room = model->shape().context_tokens - result.prompt_tokens;
  const int64_t max_tokens = std::min(request.max_tokens, room);

  cache.reset();
  reserve(std::min<int64_t>(options.prefill_chunk, result.prompt_tokens));
  TokenLoop loop(*model, cache, request.sampling);
  const Stopwatch prefill_clock;
  const bool read = loop.prefill(
      prompt,
      options.prefill_chunk,
      [&](int64_t done) {
        if (observer.prefill) {
          observer.prefill(done, result.prompt_tokens);
        }
      },
      stop);
  result.timing.prefill_s = prefill_clock.seconds();
  if (read) {
    decode(request, max_tokens, loop, observer, stop, clock, result);
  } else {
    result.finish_reason = FinishReason::cancelled;
  }
  if (result.finish_reason == FinishReason::length &&
      max_tokens < request.max_tokens) {
    result.notes.push_back(
        fmt::format(
            "the answer ended after {} token{}: the model's context of {} "
            "tokens "
            "is full",
            max_tokens,
            plural(max_tokens),
            model->shape().context_tokens));
  }
  result.memory = {
      .planned_bytes = plan.total_bytes(),
      .peak_bytes = peak_process_bytes(),
      .budget_bytes = plan.total_bytes(),
      .kv_budget_tokens = options.max_kv_size,
      .kv_dropped_tokens = cache.dropped_tokens()};
  return result;
}

void Engine::Impl::logits(
    std::span<const int32_t> ids,
    int64_t chunk,
    const LogitRow& row) {
  const int64_t vocabulary = model->shape().vocabulary;
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
  if (static_cast<int64_t>(ids.size()) > model->shape().context_tokens) {
    fail(
        ErrorCode::invalid_request,
        "{} token ids are given, but the model's context holds {}",
        ids.size(),
        model->shape().context_tokens);
  }
  cache.reset();
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

Engine::Engine(const EngineOptions& options)
    : impl_(std::make_unique<Impl>(options)) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

Result Engine::generate(
    const Request& request,
    const Observer& observer,
    std::stop_token stop) {
  return impl_->generate(request, observer, stop);
}

const ModelSummary& Engine::model() const {
  return impl_->summary;
}

void Engine::logits(
    std::span<const int32_t> ids,
    int64_t chunk,
    const LogitRow& row) {
  impl_->logits(ids, chunk, row);
}

const char* finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::memory:
      return "memory";
    case FinishReason::swap:
      return "swap";
    case FinishReason::cancelled:
      return "cancelled";
  }
  return "stop";
}

}  // namespace bantam
