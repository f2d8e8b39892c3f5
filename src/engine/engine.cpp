// SPDX-License-Identifier: MIT
// Engine: puts weights, tokenizer, model, cache and guard together.
#include "bantam/engine.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/engine_impl.h"
#include "engine/mlx_check.h"
#include "kernels/targets.h"
#include "machine/shared_source.h"
#include "machine/this_machine.h"
#include "nn/eval.h"
#include "nn/memory_limits.h"
#include "weights/locate.h"

namespace bantam {

namespace {

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
  check_mlx_version();
  at_least("--threads", options.threads, 0);
  at_least("--max-kv-size", options.max_kv_size, kMinBudgetTokens);
  at_least("--prefill-chunk", options.prefill_chunk, 1);
  at_least("--parallel", options.parallel, 1);
  at_least("--prefix-cache", options.prefix_cache_bytes, kAutoPrefixCache);
  if (options.device == DeviceChoice::gpu && !gpu_available()) {
    fail(
        ErrorCode::unavailable,
        "--device gpu: this build of MLX sees no GPU; leave the flag out to "
        "run on the CPU");
  }
}

void choose_target(KernelChoice kernels) {
  if (kernels == KernelChoice::portable) {
    kernels::set_target("portable");
  } else {
    kernels::set_best_target();
  }
}

nn::mx::Device device_of(const EngineOptions& options) {
  return options.device == DeviceChoice::gpu ? nn::mx::Device::gpu
                                             : nn::mx::Device::cpu;
}

// Of the activations. Our kernels and tests compute in float32; a GPU in the
// type that the file has its scales in, so that they need not grow.
nn::mx::Dtype activation_dtype(
    const Checkpoint& checkpoint,
    const EngineOptions& options) {
  if (options.device == DeviceChoice::cpu) {
    return nn::mx::float32;
  }
  if (checkpoint.is_gguf()) {
    return nn::mx::float16;
  }
  for (const Tensor* tensor : checkpoint.tensors()) {
    if (tensor->type == TensorType::bf16) {
      return nn::mx::bfloat16;
    }
    if (tensor->type == TensorType::f16) {
      return nn::mx::float16;
    }
  }
  return nn::mx::float32;
}

// Before anything large is allocated.
ClearedRun clear_and_limit(
    const EngineOptions& options,
    const ModelShape& shape,
    const MemorySample& before) {
  ClearedRun cleared = check_run(options, shape, before);
  const MemoryPlan& plan = cleared.plan;
  nn::set_memory_limits(
      {.allocated_bytes = plan.total_bytes(),
       // What one layer lets go, the next one takes: kept, it costs no page
       // faults.
       .cached_bytes = plan.bytes_of(MemoryClass::activation),
       .wired_bytes = plan.gpu_bytes(shape, cleared.embedding_on_cpu)},
      device_of(options));
  return cleared;
}

std::unique_ptr<TraceWriter> make_recorder(const std::string& path) {
  return path.empty() ? nullptr : std::make_unique<TraceWriter>(path);
}

}  // namespace

Engine::Impl::Impl(const EngineOptions& engine_options)
    : options(
          (check_options(engine_options),
           choose_target(engine_options.kernels),
           engine_options)),
      checkpoint(locate_model(options.model)),
      shape(describe(checkpoint)),
      run(run_shape(options, shape)),
      source(
          std::make_unique<SharedMemorySource>(
              make_memory_source(options.memory.source))),
      recorder(make_recorder(options.memory.record)),
      before(source->sample_with_apps()),
      cleared(clear_and_limit(options, shape, before)),
      tokenizer(checkpoint.make_tokenizer()),
      chat_prompt(checkpoint, *tokenizer),
      end_tokens(end_tokens_of(checkpoint, *tokenizer)),
      pool(run.threads),
      pages(checkpoint.mapped_files()),
      residency(pages, cleared.expert_budget_bytes),
      stream(device_of(options)),
      compute{
          .stream = stream.stream(),
          .path = run.copies_weights ? nn::KernelPath::stock
                                     : nn::KernelPath::native,
          .dtype = activation_dtype(checkpoint, options),
          .pool = &pool,
          .workspace = &workspace,
          .residency = &residency,
          .pages = &pages,
          .stop = &run_stop},
      model(make_model(checkpoint, compute)),
      sequences(options.parallel, [this] { return make_sequence(); }),
      token_bytes(*tokenizer) {
  if (recorder) {
    recorder->write(before);
  }
  sequences.first().guard = make_guard(before);
  summary = {
      .name = checkpoint.name(),
      .path = checkpoint.path(),
      .family = shape.family,
      .bits_per_weight = 8.0 * static_cast<double>(shape.weight_bytes) /
          static_cast<double>(shape.parameters),
      .parameters = shape.parameters,
      .weight_bytes = shape.weight_bytes,
      .context_tokens = shape.context_tokens,
      .vocabulary = shape.vocabulary,
      .kv_budget_tokens = run.kv_budget_tokens,
      .planned_bytes = cleared.plan.total_bytes(),
      .chat_template = checkpoint.chat_template().value_or(""),
      .files = checkpoint.files()};
  load_s = load_clock.seconds();
}

Engine::Impl::~Impl() {
  nn::settle(compute);
}

std::unique_ptr<Sequence> Engine::Impl::make_sequence() const {
  return std::make_unique<Sequence>(
      shape,
      std::max(kMinBudgetTokens, run.kv_budget_tokens),
      compute,
      options.kv_bits,
      cleared.prefix_bytes / options.parallel);
}

// Watches from `since` on.
std::unique_ptr<RunGuard> Engine::Impl::make_guard(const MemorySample& since) {
  return std::make_unique<RunGuard>(
      options.memory,
      *source,
      recorder.get(),
      std::span(&since, 1),
      cleared.unknown_accepted);
}

bool gpu_available() {
  return nn::mx::gpu::is_available();
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

int64_t Engine::parallel() const {
  return impl_->sequences.count();
}

std::optional<int64_t> Engine::prompt_tokens(const Request& request) const {
  Result checked;
  return static_cast<int64_t>(impl_->prompt_of(request, checked).ids.size());
}

int64_t Engine::kv_budget_tokens() const {
  return impl_->sequences.first().cache.budget_tokens();
}

void Engine::rest() {
  impl_->rest();
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

}  // namespace bantam
