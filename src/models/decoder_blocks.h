// SPDX-License-Identifier: MIT
// The blocks that most decoders are built of, each reading its own weights.
// The first norm and the residual belong to the block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "memory/model_shape.h"
#include "models/decoder_config.h"
#include "models/weight_source.h"
#include "nn/attention.h"
#include "nn/linear.h"
#include "text/tokenizer.h"

namespace bantam {

/// Where blocks are read from: one for all of a model.
struct BlockReader {
  const DecoderConfig& config;
  WeightSource& source;
  const nn::Compute& compute;
  ModelShape& shape;         // widths and scratch grow with each block
  int64_t layer_values = 0;  // per token, of the layer being read

  nn::Linear linear(
      const std::string& path,
      int64_t rows,
      int64_t cols,
      bool has_bias = false) const;
  nn::RmsNorm norm(const std::string& path, int64_t size) const;
  /// A product of `rows` rows over `cols` columns is made in this model.
  void widen(int64_t rows, int64_t cols) const;
  /// An operation of the layer has `values` values per token as its output.
  void emit(int64_t values) { layer_values += values; }
};

struct EndOptions {
  float embedding_scale = 1.0f;
  float logit_cap = 0;  // see nn::soft_cap; 0: none
};

/// The input embedding, the last norm and the output head.
class ModelEnds {
 public:
  explicit ModelEnds(const BlockReader& reader, const EndOptions& options = {});

  /// tokens: int32 [tokens] -> [tokens, hidden]
  nn::mx::array embed(const nn::mx::array& tokens, const nn::Compute& compute)
      const;
  /// -> [logit_tokens, vocabulary]
  nn::mx::array logits(
      const nn::mx::array& x,
      int64_t logit_tokens,
      const nn::Compute& compute) const;

 private:
  nn::Linear embed_tokens_;
  bool rows_in_file_ = false;  // of the embedding, which is no output head too
  nn::RmsNorm norm_;
  std::vector<nn::Linear> lm_head_;  // one
  EndOptions options_;
};

struct AttentionOptions {
  bool qk_norm = false;
  bool gated = false;               // see nn::Attention
  float scale = 0;                  // of scores; 0: 1 / sqrt(head_dim)
  const nn::Rope* rope = nullptr;   // instead of the configuration's
  std::string_view post_norm = {};  // of what is added to x; empty: none
  bool sinks = false;               // a learnt score for each head's sink
  bool value_norm = false;          // values are normed, without a weight
  bool keys_are_values = false;     // v_proj is k_proj
};

/// x + o_proj(attend(q_proj, k_proj, v_proj of the normed x)).
class SelfAttention {
 public:
  /// `layer`: "layers.3.".
  SelfAttention(
      BlockReader& reader,
      const std::string& layer,
      const AttentionOptions& options);

  nn::mx::array forward(
      const nn::mx::array& x,
      int64_t position,
      nn::KvLayer& cache,
      const nn::Compute& compute) const;

 private:
  nn::RmsNorm input_layernorm_;
  std::vector<nn::Linear> qkv_proj_;
  nn::Linear o_proj_;
  nn::Attention attention_;
  std::optional<nn::RmsNorm> post_norm_;
};

struct MlpOptions {
  nn::Activation activation = nn::Activation::silu;
  std::string_view norm = "post_attention_layernorm";
  std::string_view post_norm = {};  // of what is added to x; empty: none
};

/// x + down_proj(activation(gate_proj) * up_proj of the normed x).
class GatedMlp {
 public:
  GatedMlp(
      BlockReader& reader,
      const std::string& layer,
      const MlpOptions& options = {});

  nn::mx::array forward(const nn::mx::array& x, const nn::Compute& compute)
      const;

 private:
  nn::RmsNorm norm_;
  std::vector<nn::Linear> gate_up_proj_;
  nn::Linear down_proj_;
  nn::Activation activation_;
  std::optional<nn::RmsNorm> post_norm_;
};

/// A shape with all that the configuration alone says.
ModelShape shape_of(const DecoderConfig& config);

/// The shape of an attention layer without its weights.
LayerShape attention_layer_shape(const DecoderConfig& config, int64_t layer);

/// The path of a layer: "layers.3.".
std::string layer_path(int64_t layer);

/// Reads the layers one by one through `read(i)`, each with its share of the
/// weights, then checks that nothing is left over.
template <typename ReadLayer>
void read_layers(BlockReader& reader, const ReadLayer& read) {
  WeightSource& source = reader.source;
  for (int64_t i = 0; i < reader.config.num_hidden_layers; ++i) {
    const int64_t before = source.matrix_bytes();
    reader.layer_values = reader.config.hidden_size;  // its input
    LayerShape layer = read(i);
    layer.weight_bytes = source.matrix_bytes() - before;
    reader.shape.layers.push_back(layer);
    reader.shape.layer_values =
        std::max(reader.shape.layer_values, reader.layer_values);
  }
  reader.shape.parameters = source.parameters();
  reader.shape.weight_bytes = source.matrix_bytes();
  reader.shape.unused_parts = source.finish();
}

}  // namespace bantam
