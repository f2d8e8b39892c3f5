// SPDX-License-Identifier: MIT
// The numbers of a llama-family model, from config.json or GGUF metadata.
#pragma once

#include <cstdint>

#include "nn/attention.h"
#include "weights/checkpoint.h"

namespace bantam {

struct LlamaConfig {
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  int64_t intermediate_size = 0;
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;
  int64_t head_dim = 0;
  int64_t vocab_size = 0;
  int64_t max_position_embeddings = 0;
  float rms_norm_eps = 0;
  bool attention_bias = false;
  bool mlp_bias = false;
  bool tie_word_embeddings = false;
  nn::Rope rope;
};

/// Throws invalid_file (a number is missing, of the wrong type, or contradicts
/// another) or unsupported (an activation or rope scaling bantam lacks).
LlamaConfig read_llama_config(const Checkpoint& checkpoint);

}  // namespace bantam
