// SPDX-License-Identifier: MIT
// The scratch that the native kernels of one stream share: how much of each
// kind, for the plan that counts it and the engine that sets it aside.
#pragma once

#include <cstdint>

#include "memory/model_shape.h"

namespace bantam {

struct WorkspaceNeed {
  int64_t tokens = 0;           // of one chunk
  int64_t input_columns = 0;    // of the widest matrix
  int64_t expert_columns = 0;   // of the widest last product of an expert
  int64_t floats = 0;           // intermediate results of one operation
  int64_t attention_bytes = 0;  // kernels::attention_scratch_bytes

  /// Of all of it.
  int64_t bytes() const;
};

WorkspaceNeed workspace_need(
    const ModelShape& model,
    int64_t kv_budget_tokens,
    int64_t chunk_tokens,
    int threads);

}  // namespace bantam
