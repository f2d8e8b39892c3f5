// SPDX-License-Identifier: MIT
#include "memory/workspace_need.h"

#include <algorithm>

#include "kernels/attention.h"
#include "kernels/matmul.h"

namespace bantam {

int64_t WorkspaceNeed::bytes() const {
  const int64_t experts = expert_columns > 0
      ? kernels::Activations::bytes(tokens, expert_columns)
      : 0;
  return kernels::Activations::bytes(tokens, input_columns) + experts +
      static_cast<int64_t>(sizeof(float)) * floats + attention_bytes;
}

WorkspaceNeed workspace_need(
    const ModelShape& model,
    int64_t kv_budget_tokens,
    int64_t chunk_tokens,
    int threads) {
  WorkspaceNeed need{
      .tokens = chunk_tokens,
      .input_columns = model.widest_input,
      .expert_columns = model.expert_input,
      .floats =
          chunk_tokens *
          std::max(
              {model.widest_input, model.widest_output, model.scratch_floats})};
  for (const LayerShape& layer : model.layers) {
    if (layer.kv_heads == 0) {
      continue;
    }
    need.attention_bytes = std::max(
        need.attention_bytes,
        kernels::attention_scratch_bytes(
            {.heads = model.heads,
             .kv_heads = layer.kv_heads,
             .head_dim = layer.head_dim,
             .scale = 1},
            layer.kept_tokens(kv_budget_tokens),
            chunk_tokens,
            threads));
  }
  return need;
}

}  // namespace bantam
