// SPDX-License-Identifier: MIT
// How much memory a run will take, by arithmetic alone: from a model's shape
// and the settings of the run, in microseconds, for a file of any size.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "memory/model_shape.h"

namespace bantam {

/// The settings of a run that cost memory.
struct RunShape {
  int64_t kv_budget_tokens = 0;
  /// Tokens per forward pass while the prompt is read.
  int64_t prefill_chunk = 0;
  int threads = 1;
  /// Requests that are answered at the same time, each with a cache of its own.
  int64_t parallel = 1;
  /// Bits of one cached key or value: 16, 8 or 4; 32 for float32, which the
  /// stock path of a CPU has instead of 16.
  int kv_bits = 16;
  /// The fewest that the model can do.
  int least_kv_bits = 16;
  int64_t prefix_bytes = 0;  // for beginnings of earlier prompts, of all
  int64_t beside_bytes = 0;  // held by the process beside the model
  /// Weights are copied out of the file, as the stock path does.
  bool copies_weights = false;
  /// Bytes of experts that stay in memory, the rest being read from disk when a
  /// token wants them; negative: all.
  int64_t expert_budget_bytes = -1;

  /// What of a model's experts is in memory at the fullest.
  int64_t resident_expert_bytes(const ModelShape& model) const {
    const int64_t all = model.expert_bytes();
    return expert_budget_bytes < 0 || expert_budget_bytes > all
        ? all
        : expert_budget_bytes;
  }
};

enum class MemoryClass { weights, kv, state, activation, runtime };

/// One line of a plan.
struct MemoryPart {
  MemoryClass kind;
  std::string_view name;  // for people
  int64_t bytes = 0;
};

/// Every byte of a run at its fullest: the cache full, a chunk of the longest
/// kind in work.
struct MemoryPlan {
  std::vector<MemoryPart> parts;

  int64_t bytes_of(MemoryClass kind) const;
  int64_t total_bytes() const;
  /// The part of it that a GPU has to hold. `embedding_on_cpu`: the input
  /// embedding is looked up from the mapped file.
  int64_t gpu_bytes(const ModelShape& model, bool embedding_on_cpu) const;
};

MemoryPlan plan_memory(const ModelShape& model, const RunShape& run);

}  // namespace bantam
