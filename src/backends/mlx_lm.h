// SPDX-License-Identifier: MIT
// mlx-lm as a backend: the mlx_lm.generate of an environment as a child
// process, one for each request, watched by the guard with all its own
// children.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bantam/backend.h"
#include "bantam/memory_rules.h"
#include "machine/memory_sample.h"
#include "machine/memory_trace.h"
#include "machine/process_tree.h"
#include "memory/run_guard.h"

namespace bantam {

struct MlxLmSettings {
  std::string model;  // a folder with config.json and safetensors
  int64_t max_kv_size = 1024;
  std::optional<int64_t> prefill_step_size;  // mlx-lm's own if not set
  /// The model's template thinks unless it is told not to.
  bool model_thinks = false;
};

/// The words behind mlx_lm.generate. The prompt goes through standard input,
/// so that no length and no backslash matters. Throws invalid_request for what
/// mlx_lm.generate has no flag for, naming it.
std::vector<std::string> mlx_lm_arguments(
    const MlxLmSettings& settings,
    const Request& request);

/// The flags among them, "--model".
std::vector<std::string> flags_of(const std::vector<std::string>& arguments);

struct MlxLmOptions {
  std::string program;  // mlx_lm.generate
  MlxLmSettings settings;
  /// Seconds without a word (loading, reading the prompt) after which the
  /// child counts as hung.
  double silence_s = 600;

  MemoryRules rules;
  bool unknown_accepted = false;     // of the check before the run
  std::vector<MemorySample> before;  // samples from it
  std::vector<std::string> notes;    // its warnings
  int64_t planned_bytes = 0;
  int64_t budget_bytes = 0;
};

class MlxLm final : public Backend {
 public:
  /// Throws what make_memory_source() throws.
  explicit MlxLm(MlxLmOptions options);

  /// Counts of tokens are mlx-lm's own, and missing when it was stopped.
  /// Throws unavailable if mlx-lm cannot be started, fails, hangs or prints
  /// no answer.
  Result generate(
      const Request& request,
      const Observer& observer = {},
      std::stop_token stop = {}) override;

  /// Kills the child and what it has started, at once. Any thread; for a
  /// program that is about to end without waiting for generate().
  void kill() const;

 private:
  struct Answer;

  void run(
      const Request& request,
      const Observer& observer,
      std::stop_token stop,
      RunGuard& guard,
      Answer& answer);

  MlxLmOptions options_;
  std::unique_ptr<MemorySource> machine_;
  std::unique_ptr<TraceWriter> recorder_;  // null: nothing is recorded
  TreeMemorySource source_;
  std::atomic<int> child_ = 0;
};

}  // namespace bantam
