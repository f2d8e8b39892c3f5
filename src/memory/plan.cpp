// SPDX-License-Identifier: MIT
#include "memory/plan.h"

#include <algorithm>

#include "base/size.h"
#include "kernels/matmul.h"
#include "memory/workspace_need.h"

namespace bantam {

namespace {

// Program and library text, their data, stacks: measured on Linux x86-64 as
// the peak less everything else in the plan (docs/memory.md): 11 MiB of a run,
// 17 of a conversation of 200 exchanges with receipts.
constexpr int64_t kProgramBytes = 12 * kMiB + 768 * kKiB;
constexpr int64_t kThreadBytes = 64 * kKiB;

// Spelling, hash slots and merges per token of a vocabulary, on the heap.
constexpr int64_t kVocabularyBytesPerToken = 176;

// Chunks below this are issued whole (nn::end_layer), and MLX lets about ten
// operations run ahead.
constexpr int64_t kTokensIssuedAhead = 16;
constexpr int64_t kLayersIssuedAhead = 2;

// Outputs of the operations of one layer, float32.
int64_t graph_bytes(const ModelShape& model, const RunShape& run) {
  const int64_t ahead =
      kLayersIssuedAhead * std::min(run.prefill_chunk, kTokensIssuedAhead - 1);
  return 4 * model.layer_values * std::max(run.prefill_chunk, ahead);
}

// Stock MLX operations take packed keys and values apart before use, one layer
// at a time, float32.
int64_t unpacked_bytes(const ModelShape& model, const RunShape& run) {
  int64_t bytes = 0;
  for (const LayerShape& layer : model.layers) {
    bytes = std::max(
        bytes,
        layer.kept_tokens(run.kv_budget_tokens) * layer.kv_bytes_per_token(32));
  }
  return bytes;
}

}  // namespace

int64_t MemoryPlan::bytes_of(MemoryClass kind) const {
  int64_t bytes = 0;
  for (const MemoryPart& part : parts) {
    bytes += part.kind == kind ? part.bytes : 0;
  }
  return bytes;
}

int64_t MemoryPlan::total_bytes() const {
  int64_t bytes = 0;
  for (const MemoryPart& part : parts) {
    bytes += part.bytes;
  }
  return bytes;
}

int64_t MemoryPlan::gpu_bytes(const ModelShape& model, bool embedding_on_cpu)
    const {
  return model.weight_bytes - (embedding_on_cpu ? model.embedding_bytes : 0) +
      bytes_of(MemoryClass::kv) + bytes_of(MemoryClass::state) +
      bytes_of(MemoryClass::activation);
}

MemoryPlan plan_memory(const ModelShape& model, const RunShape& run) {
  const auto logits = [&](int64_t copies) {
    return copies * 4 * model.vocabulary;
  };
  MemoryPlan plan;
  const auto add = [&](MemoryClass kind, std::string_view name, int64_t bytes) {
    if (bytes != 0) {
      plan.parts.push_back({kind, name, bytes});
    }
  };
  if (run.copies_weights) {
    add(MemoryClass::weights, "weights, copied", model.weight_bytes);
  } else {
    // Of an embedding apart from the output head rows are read from the file,
    // not mapped (nn::embed).
    add(MemoryClass::weights,
        "weights, mapped",
        model.weight_bytes - model.embedding_bytes - model.expert_bytes());
    const int64_t experts = run.resident_expert_bytes(model);
    add(MemoryClass::weights,
        experts < model.expert_bytes() ? "experts in use, mapped"
                                       : "experts, mapped",
        experts);
  }
  add(MemoryClass::kv,
      "keys and values",
      run.parallel * model.kv_bytes(run.kv_budget_tokens, run.kv_bits));
  if (run.copies_weights && run.kv_bits < 16) {
    add(MemoryClass::activation,
        "keys and values of a layer, unpacked",
        unpacked_bytes(model, run));
  }
  add(MemoryClass::kv, "beginnings of earlier prompts", run.prefix_bytes);
  add(MemoryClass::state,
      "recurrent state",
      run.parallel * model.state_bytes());
  add(MemoryClass::activation, "one layer's outputs", graph_bytes(model, run));
  const WorkspaceNeed workspace = workspace_need(
      model, run.kv_budget_tokens, run.prefill_chunk, run.threads);
  add(MemoryClass::activation, "kernel workspace", workspace.bytes());
  add(MemoryClass::activation,
      "kernel scratch of threads",
      run.threads * kernels::matmul_scratch_bytes(model.widest_input));
  // The model's output; of each request the loop's copy and the sampler's two.
  add(MemoryClass::activation,
      "logits and sampling",
      logits(1 + 3 * run.parallel));
  add(MemoryClass::runtime, "embedding model", run.beside_bytes);
  add(MemoryClass::runtime,
      "program and libraries",
      kProgramBytes + (run.threads + run.parallel - 1) * kThreadBytes);
  add(MemoryClass::runtime,
      "vocabulary",
      kVocabularyBytesPerToken * model.vocabulary);
  add(MemoryClass::runtime, "file header, mapped", model.header_bytes);
  return plan;
}

}  // namespace bantam
