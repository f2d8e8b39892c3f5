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
#include "bantam/memory_rules.h"
#include "bantam/request.h"

namespace bantam {

enum class DeviceChoice { cpu, gpu };

/// native: bantam's own CPU kernels; mlx: stock MLX operations (on the CPU a
/// test of the GPU's graph, slow).
enum class KernelChoice { native, mlx };

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
