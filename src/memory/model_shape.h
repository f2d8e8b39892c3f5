// SPDX-License-Identifier: MIT
// What the planner, the caches and `inspect` know of a model: sizes, no
// tensors, no names. Each family's describe() fills one in from headers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kv_rows.h"

namespace bantam {

enum class LayerKind {
  full_attention,     // keys and values for every token of the budget
  sliding_attention,  // keys and values for a window
  recurrent,          // a state of fixed size
};

struct LayerShape {
  LayerKind kind = LayerKind::full_attention;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t window_tokens = 0;  // sliding_attention: tokens that it sees
  int64_t state_bytes = 0;    // recurrent: state and convolution, float32
  int64_t conv_bytes = 0;     // the convolution's part of it
  int64_t weight_bytes = 0;
  int64_t experts = 0;         // 0: dense
  int64_t active_experts = 0;  // per token
  int64_t expert_bytes = 0;    // of weight_bytes, those of all its experts

  /// Keys and values of one token at `bits` per value, scales included.
  int64_t kv_bytes_per_token(int bits = 16) const {
    return 2 * kv_heads * kernels::kv_row_bytes(head_dim, bits);
  }
  bool has_keys() const { return kv_heads > 0; }
  /// Of a budget, the tokens that the layer keeps.
  int64_t kept_tokens(int64_t budget_tokens) const {
    return window_tokens > 0 && window_tokens < budget_tokens ? window_tokens
                                                              : budget_tokens;
  }
};

struct ModelShape {
  std::string family;
  int64_t context_tokens = 0;  // what the model was made for
  int64_t vocabulary = 0;
  int64_t hidden = 0;
  int64_t heads = 0;  // query heads, the largest of any layer
  int64_t head_dim = 0;
  int64_t widest_input = 0;   // columns of the widest matrix
  int64_t widest_output = 0;  // rows of the widest product within a layer
  /// Values per token alive while one layer is computed: its input and the
  /// output of every operation in it.
  int64_t layer_values = 0;
  /// Floats per token of a chunk that the layer with the most of them works
  /// in, beside its inputs and output.
  int64_t scratch_floats = 0;
  int64_t expert_input = 0;  // columns of an expert's last product
  std::vector<LayerShape> layers;
  /// Parts of the checkpoint that are not used (vision, ...), a line each.
  std::vector<std::string> unused_parts;

  int64_t parameters = 0;
  int64_t weight_bytes = 0;     // everything that the model reads
  int64_t embedding_bytes = 0;  // of which the input embedding, if untied
  /// Mapped with the weights and read while loading: a GGUF file's metadata.
  int64_t header_bytes = 0;

  int64_t kv_bytes_per_token(int bits = 16) const {
    int64_t bytes = 0;
    for (const LayerShape& layer : layers) {
      bytes += layer.kv_bytes_per_token(bits);
    }
    return bytes;
  }
  /// Keys and values of a full budget.
  int64_t kv_bytes(int64_t budget_tokens, int bits = 16) const {
    int64_t bytes = 0;
    for (const LayerShape& layer : layers) {
      bytes +=
          layer.kept_tokens(budget_tokens) * layer.kv_bytes_per_token(bits);
    }
    return bytes;
  }
  /// Weights of which a token reads some: all experts of all layers.
  int64_t expert_bytes() const {
    int64_t bytes = 0;
    for (const LayerShape& layer : layers) {
      bytes += layer.expert_bytes;
    }
    return bytes;
  }
  /// The experts that one token uses.
  int64_t active_expert_bytes() const {
    int64_t bytes = 0;
    for (const LayerShape& layer : layers) {
      bytes += layer.experts > 0
          ? layer.expert_bytes / layer.experts * layer.active_experts
          : 0;
    }
    return bytes;
  }
  /// The least that can be kept of them: a long chunk uses a whole layer.
  int64_t least_expert_bytes() const {
    int64_t bytes = active_expert_bytes();
    for (const LayerShape& layer : layers) {
      bytes = layer.expert_bytes > bytes ? layer.expert_bytes : bytes;
    }
    return bytes;
  }
  /// The fewest bits that all its keys and values can be kept in.
  int least_kv_bits() const {
    for (const LayerShape& layer : layers) {
      if (layer.has_keys() && !kernels::has_kv_rows(layer.head_dim, 4)) {
        return 16;
      }
    }
    return 4;
  }
  /// What cannot be had back from the keys and values of single tokens: states,
  /// and windows narrower than the budget.
  int64_t checkpoint_bytes(int64_t budget_tokens, int bits = 16) const {
    int64_t bytes = 0;
    for (const LayerShape& layer : layers) {
      const int64_t kept = layer.kept_tokens(budget_tokens);
      bytes += layer.state_bytes +
          (kept < budget_tokens ? kept * layer.kv_bytes_per_token(bits) : 0);
    }
    return bytes;
  }
  int64_t state_bytes() const {
    int64_t bytes = 0;
    for (const LayerShape& layer : layers) {
      bytes += layer.state_bytes;
    }
    return bytes;
  }
};

}  // namespace bantam
