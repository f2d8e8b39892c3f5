// SPDX-License-Identifier: MIT
// How much memory a run will take, by arithmetic alone.
#pragma once

#include <cstdint>

#include "memory/model_shape.h"

namespace bantam {

struct RunShape {
  int64_t kv_budget_tokens = 0;
  /// Tokens per forward pass while the prompt is read.
  int64_t prefill_chunk = 0;
};

/// Every byte of a run at its fullest. The parts add up to total_bytes().
struct MemoryPlan {
  int64_t weights_bytes = 0;  // mapped
  int64_t kv_bytes = 0;       // with the budget full
  int64_t state_bytes = 0;
  int64_t activation_bytes = 0;  // scratch and graph of one chunk, logits
  int64_t runtime_bytes = 0;     // program, MLX, vocabulary, allocator

  int64_t total_bytes() const {
    return weights_bytes + kv_bytes + state_bytes + activation_bytes +
        runtime_bytes;
  }
};

MemoryPlan plan_memory(const ModelShape& model, const RunShape& run);

}  // namespace bantam
