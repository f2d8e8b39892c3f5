// SPDX-License-Identifier: MIT
// The numbers that most decoders share, from config.json (or the text model's
// part of it) or GGUF metadata.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/config_reader.h"
#include "nn/attention.h"
#include "weights/checkpoint.h"

namespace bantam {

struct DecoderConfig {
  std::string family;  // what the checkpoint calls its architecture
  std::string source;  // file, for errors
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  int64_t intermediate_size = 0;  // 0: no layer has a dense network
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;
  int64_t head_dim = 0;
  int64_t vocab_size = 0;
  int64_t max_position_embeddings = 0;
  float rms_norm_eps = 0;
  bool attention_bias = false;  // queries, keys and values have one
  bool mlp_bias = false;
  bool tie_word_embeddings = false;
  nn::Rope rope;
  nn::PositionScale position_scale;
  /// Tokens that a sliding layer sees, its own included; 0: all layers see
  /// everything.
  int64_t sliding_window = 0;
  std::vector<bool> is_sliding;  // [layers]
};

/// What differs between families that read the same keys.
struct DecoderDefaults {
  std::string_view hidden_act = "silu";
  // Numbers that a config.json may leave out; 0: it may not.
  int64_t num_attention_heads = 0;
  int64_t num_key_value_heads = 0;  // 0: as many as heads
  int64_t head_dim = 0;             // 0: hidden size / heads
  int64_t max_position_embeddings = 2048;
  double rope_theta = 10000.0;
  bool attention_bias = false;
  /// The part of a head that is rotated, where no key says so.
  double partial_rotary_factor = 1.0;
};

/// Throws invalid_file (a number is missing, of the wrong type, or contradicts
/// another) or unsupported (an activation or rope scaling bantam lacks).
DecoderConfig read_decoder_config(
    const Checkpoint& checkpoint,
    const DecoderDefaults& defaults = {});

/// config.json, or its "text_config" where it has one.
JsonConfig text_config(const Checkpoint& checkpoint);

/// A key of the architecture in GGUF metadata: "attention.head_count".
std::string gguf_key(const Checkpoint& checkpoint, std::string_view key);

/// [layers] of whether config.json's "layer_types" calls each "sliding_..." or
/// otherwise as `name` says; empty if there is no such key. Throws
/// invalid_file if it has another number of layers.
std::vector<bool> layers_of_type(
    const JsonConfig& json,
    std::string_view name,
    int64_t layers);

}  // namespace bantam
