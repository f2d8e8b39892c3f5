// SPDX-License-Identifier: MIT
// The engine: a loaded model that answers requests, one at a time or a stated
// number at the same time, each with a cache of fixed size. What a request
// shares with the beginning of an earlier one is not computed again.
//
//   bantam::Engine engine({.model = "smollm2"});
//   bantam::Request request;
//   request.messages = {{"user", "What is gravity?"}};
//   std::cout << engine.generate(request).text << "\n";
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bantam/backend.h"
#include "bantam/error.h"
#include "bantam/memory_rules.h"
#include "bantam/request.h"

namespace bantam {

enum class DeviceChoice { cpu, gpu };

/// Does the MLX that this program is linked to see a GPU?
bool gpu_available();

/// native: bantam's own CPU kernels, for the best instruction set there is;
/// mlx: stock MLX operations (on the CPU a test of the GPU's graph, slow);
/// portable: bantam's own without any instruction set, slow: the reference that
/// every machine can run. For all engines of a process the last choice counts.
enum class KernelChoice { native, mlx, portable };

/// Two checkpoints (for each of EngineOptions::parallel) for a model with
/// recurrent states or sliding windows, and nothing for others, whose cache is
/// enough.
inline constexpr int64_t kAutoPrefixCache = -1;

struct EngineOptions {
  /// A folder, a .gguf file, a repository id in the Hugging Face cache, or
  /// "smollm2".
  std::string model;
  int threads = 0;              // 0: the physical cores
  int64_t max_kv_size = 1024;   // tokens; at least 5
  int kv_bits = 16;             // of a cached key or value: 16, 8 or 4
  int64_t prefill_chunk = 512;  // tokens
  /// Memory for beginnings of earlier prompts beside the cache itself, part of
  /// the plan; kAutoPrefixCache: what one conversation needs. CPU path.
  int64_t prefix_cache_bytes = 0;
  /// What this process holds beside the model; a line of the plan.
  int64_t beside_bytes = 0;
  /// Take up what the cache still holds of an earlier prompt. On the CPU path
  /// the answer is the same either way, bit for bit.
  bool reuse_prefix = true;
  /// Requests that generate() may answer at the same time; at least 1. Each has
  /// a cache of its own, which is part of the plan. They take turns, a token
  /// or a piece of a prompt each: on the CPU path their answers have the bits
  /// that they would have alone.
  int64_t parallel = 1;
  DeviceChoice device = DeviceChoice::cpu;
  KernelChoice kernels = KernelChoice::native;
  MemoryRules memory;
};

struct ModelSummary {
  std::string name;
  std::string path;
  std::string family;
  double bits_per_weight = 0;
  int64_t parameters = 0;
  int64_t weight_bytes = 0;
  int64_t context_tokens = 0;
  int64_t vocabulary = 0;
  int64_t kv_budget_tokens = 0;
  int64_t planned_bytes = 0;
  std::string chat_template;       // its source; "": the model has none
  std::vector<std::string> files;  // that decide what it answers
};

/// What Engine::time_tokens measured.
struct TokenTimes {
  double prefill_s = 0;  // of the context
  double decode_s = 0;   // of the tokens after it, sampling included
  /// length; or cancelled, memory or swap if it was cut short.
  FinishReason finish_reason = FinishReason::length;
  MemoryUse memory;
  std::vector<std::string> notes;
};

/// The graph of one token: operations by name, and how long the host takes to
/// build it, beside the whole of a decoding step (medians).
struct GraphCost {
  std::map<std::string, int64_t> primitives;
  int64_t layers = 0;
  double build_s = 0;
  double token_s = 0;
};

/// Not copied. One thread at a time may call it, except that as many as
/// EngineOptions::parallel may be in generate() (more wait), and any in
/// prompt_tokens().
class Engine final : public Backend {
 public:
  /// Plans, checks the machine, then loads the model. Throws not_found,
  /// invalid_file, unsupported, invalid_request, or insufficient_memory before
  /// any weight is read.
  explicit Engine(const EngineOptions& options);
  ~Engine() override;
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  Result generate(
      const Request& request,
      const Observer& observer = {},
      std::stop_token stop = {}) override;

  int64_t parallel() const override;
  std::optional<int64_t> prompt_tokens(const Request& request) const override;

  /// No request comes for now: what the machine does until then is not held
  /// against the next one. For servers, after loading.
  void rest();

  const ModelSummary& model() const;

  /// Tokens that the cache holds: max_kv_size, or the model's context if that
  /// is less.
  int64_t kv_budget_tokens() const;

  /// Receives the logits of one token: float32, [vocabulary].
  using LogitRow = std::function<void(std::span<const float> logits)>;
  /// The logits of every token of `ids`, read in chunks of `chunk` tokens.
  void logits(std::span<const int32_t> ids, int64_t chunk, const LogitRow& row);

  /// Reads `context` tokens (at least one) into a fresh cache, then decodes
  /// `tokens` more. Throws invalid_request if the model's context is shorter.
  TokenTimes time_tokens(
      int64_t context,
      int64_t tokens,
      std::stop_token stop = {});
  GraphCost count_graph();

 private:
  friend class Session;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bantam
