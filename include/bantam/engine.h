// SPDX-License-Identifier: MIT
// The engine: a loaded model that answers requests, one at a time, each from
// a fresh cache of fixed size.
//
//   bantam::Engine engine({.model = "smollm2"});
//   bantam::Request request;
//   request.messages = {{"user", "What is gravity?"}};
//   std::cout << engine.generate(request).text << "\n";
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bantam/backend.h"
#include "bantam/error.h"
#include "bantam/request.h"

namespace bantam {

enum class DeviceChoice { cpu, gpu };

/// native: bantam's own CPU kernels; mlx: stock MLX operations (on the CPU a
/// test of the GPU's graph, slow).
enum class KernelChoice { native, mlx };

/// The level of memory pressure that may last for 10 s and no longer. Red
/// always stops a run.
enum class PressureThreshold { yellow, red };

/// What growth of swap does: nothing but a note; stops the run if it is the
/// run's own or the run is the reason; stops the run whoever swaps.
enum class SwapAbort { off, on, strict };

/// What a run may take of the machine, and when it has to stop.
struct MemoryRules {
  int64_t budget_bytes = 0;  // 0: what the machine has available
  int64_t ram_bytes = 0;     // as if the machine had this much; 0: as it is
  /// Refuse to start while heavy applications hold what the run needs, or under
  /// memory pressure. If not, what was overridden is in the notes.
  bool clean_room = true;
  PressureThreshold threshold = PressureThreshold::yellow;
  SwapAbort abort_on_swap = SwapAbort::on;
  /// "live", or "replay:FILE" for a recorded trace.
  std::string source = "live";
  std::string record;  // write a trace of the run to this file; "": none
  /// The last resort: a stop was due 5 s ago and an evaluation does not
  /// return. Called on another thread with what there is; should end the
  /// process.
  std::function<void(const Result& so_far)> on_stuck;
};

struct EngineOptions {
  /// A folder, a .gguf file, a repository id in the Hugging Face cache, or
  /// "smollm2".
  std::string model;
  int threads = 0;              // 0: the physical cores
  int64_t max_kv_size = 1024;   // tokens; at least 5
  int64_t prefill_chunk = 512;  // tokens
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

/// Not copied, not shared: one thread at a time may call it.
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

  std::optional<int64_t> prompt_tokens(const Request& request) const override;

  /// No request comes for now: what the machine does until then is not held
  /// against the next one. For servers, after loading.
  void rest();

  const ModelSummary& model() const;

  /// Receives the logits of one token: float32, [vocabulary].
  using LogitRow = std::function<void(std::span<const float> logits)>;
  /// The logits of every token of `ids`, read in chunks of `chunk` tokens.
  void logits(std::span<const int32_t> ids, int64_t chunk, const LogitRow& row);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bantam
