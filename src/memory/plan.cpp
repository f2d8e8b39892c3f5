// SPDX-License-Identifier: MIT
#include "memory/plan.h"

namespace bantam {

namespace {

// Program text, MLX and its BLAS, C++ runtime, stacks: measured on Linux
// x86-64 as the peak of a run less everything else in the plan.
constexpr int64_t kProgramBytes = 20 << 20;
// Spelling, hash slots and merges per token of a byte-level vocabulary.
constexpr int64_t kVocabularyBytesPerToken = 100;

}  // namespace

MemoryPlan plan_memory(const ModelShape& model, const RunShape& run) {
  MemoryPlan plan;
  plan.weights_bytes = model.weight_bytes;
  plan.kv_bytes = run.kv_budget_tokens * model.kv_bytes_per_token();
  plan.state_bytes = model.state_bytes();
  // Per token of a chunk, in float32: three residual streams and the widest
  // product alive in the graph; its input prepared for the kernels (16-bit
  // values, scales, sums); one scratch row.
  const int64_t widest = model.widest_input > model.widest_output
      ? model.widest_input
      : model.widest_output;
  const int64_t per_token = 4 * (3 * model.hidden + model.widest_output) +
      3 * model.widest_input + 4 * widest;
  plan.activation_bytes =
      run.prefill_chunk * per_token + 4 * 4 * model.vocabulary;
  plan.runtime_bytes =
      kProgramBytes + kVocabularyBytesPerToken * model.vocabulary;
  return plan;
}

}  // namespace bantam
