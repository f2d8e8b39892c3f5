// SPDX-License-Identifier: MIT
#include "models/decoder_blocks.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"

namespace bantam {

nn::Linear BlockReader::linear(
    const std::string& path,
    int64_t rows,
    int64_t cols,
    bool has_bias) const {
  widen(rows, cols);
  return {
      source.matrix(path, rows, cols),
      source.bias(path, rows, has_bias),
      compute};
}

nn::RmsNorm BlockReader::norm(const std::string& path, int64_t size) const {
  return {source.norm(path, size), config.rms_norm_eps, compute};
}

void BlockReader::widen(int64_t rows, int64_t cols) const {
  shape.widest_input = std::max(shape.widest_input, cols);
  shape.widest_output = std::max(shape.widest_output, rows);
}

// --- ends -------------------------------------------------------------------

namespace {

// The table is no product: its rows do not count as a width.
nn::Linear read_table(const BlockReader& reader, const std::string& path) {
  const DecoderConfig& config = reader.config;
  return {
      reader.source.matrix(path, config.vocab_size, config.hidden_size),
      {},
      reader.compute};
}

}  // namespace

ModelEnds::ModelEnds(const BlockReader& reader, const EndOptions& options)
    : embed_tokens_(read_table(reader, "embed_tokens")),
      norm_(reader.norm("norm", reader.config.hidden_size)),
      options_(options) {
  if (reader.config.tie_word_embeddings) {
    lm_head_.push_back(embed_tokens_);
  } else {
    reader.shape.embedding_bytes = embed_tokens_.matrix().bytes();
    rows_in_file_ = true;
    lm_head_.push_back(read_table(reader, "lm_head"));
  }
}

nn::mx::array ModelEnds::embed(
    const nn::mx::array& tokens,
    const nn::Compute& compute) const {
  return nn::embed(
      tokens,
      embed_tokens_,
      options_.embedding_scale,
      rows_in_file_ ? compute.pages : nullptr,
      compute);
}

nn::mx::array ModelEnds::logits(
    const nn::mx::array& x,
    int64_t logit_tokens,
    const nn::Compute& compute) const {
  const nn::mx::array logits = nn::mx::astype(  // nothing on the native path
      nn::norm_project(x, norm_, lm_head_, logit_tokens, compute),
      nn::mx::float32,
      compute.stream);
  return options_.logit_cap > 0
      ? nn::soft_cap(logits, options_.logit_cap, compute)
      : logits;
}

namespace {

std::optional<nn::RmsNorm> read_post_norm(
    const BlockReader& reader,
    const std::string& layer,
    std::string_view name) {
  if (name.empty()) {
    return std::nullopt;
  }
  return reader.norm(layer + std::string(name), reader.config.hidden_size);
}

const nn::RmsNorm* address(const std::optional<nn::RmsNorm>& norm) {
  return norm ? &*norm : nullptr;
}

}  // namespace

// --- attention --------------------------------------------------------------

SelfAttention::SelfAttention(
    BlockReader& reader,
    const std::string& layer,
    const AttentionOptions& options)
    : input_layernorm_(
          reader.norm(layer + "input_layernorm", reader.config.hidden_size)),
      o_proj_(reader.linear(
          layer + "self_attn.o_proj",
          reader.config.hidden_size,
          reader.config.num_attention_heads * reader.config.head_dim)) {
  const DecoderConfig& config = reader.config;
  attention_.shape = {
      .heads = config.num_attention_heads,
      .kv_heads = config.num_key_value_heads,
      .head_dim = config.head_dim,
      .scale = options.scale > 0
          ? options.scale
          : 1.0f / std::sqrt(static_cast<float>(config.head_dim))};
  attention_.rope = options.rope != nullptr ? *options.rope : config.rope;
  attention_.position_scale = config.position_scale;
  attention_.gated = options.gated;
  const auto project = [&](const char* name, int64_t rows) {
    qkv_proj_.push_back(reader.linear(
        layer + name, rows, config.hidden_size, config.attention_bias));
  };
  project("self_attn.q_proj", attention_.q_width());
  project("self_attn.k_proj", attention_.kv_width());
  if (options.keys_are_values) {
    qkv_proj_.push_back(qkv_proj_.back());
  } else {
    project("self_attn.v_proj", attention_.kv_width());
  }
  const int64_t width = attention_.q_width() + 2 * attention_.kv_width();
  reader.widen(width, config.hidden_size);
  reader.shape.scratch_floats = std::max(reader.shape.scratch_floats, width);
  // Projections, heads, sum.
  reader.emit(width + config.num_attention_heads * config.head_dim);
  reader.emit(config.hidden_size);
  if (options.qk_norm) {
    attention_.q_norm =
        reader.norm(layer + "self_attn.q_norm", config.head_dim);
    attention_.k_norm =
        reader.norm(layer + "self_attn.k_norm", config.head_dim);
  }
  if (options.value_norm) {
    attention_.v_norm = nn::RmsNorm(
        std::vector<float>(config.head_dim, 1.0f),
        config.rms_norm_eps,
        reader.compute);
  }
  if (options.sinks) {
    attention_.sink_scores = reader.source.values(
        layer + "self_attn.sinks", config.num_attention_heads);
  }
  post_norm_ = read_post_norm(reader, layer, options.post_norm);
  nn::join_rows(qkv_proj_, reader.compute);
  attention_.prepare(reader.compute);
}

nn::mx::array SelfAttention::forward(
    const nn::mx::array& x,
    int64_t position,
    nn::KvLayer& cache,
    const nn::Compute& compute) const {
  const nn::mx::array qkv =
      nn::norm_project(x, input_layernorm_, qkv_proj_, 0, compute);
  const nn::mx::array heads =
      nn::attend(qkv, attention_, position, cache, compute);
  return nn::project_add(heads, o_proj_, address(post_norm_), x, compute);
}

// --- feed-forward -----------------------------------------------------------

GatedMlp::GatedMlp(
    BlockReader& reader,
    const std::string& layer,
    const MlpOptions& options)
    : norm_(reader.norm(
          layer + std::string(options.norm),
          reader.config.hidden_size)),
      down_proj_(reader.linear(
          layer + "mlp.down_proj",
          reader.config.hidden_size,
          positive(
              reader.config.intermediate_size,
              "intermediate_size",
              reader.config.source),
          reader.config.mlp_bias)),
      activation_(options.activation),
      post_norm_(read_post_norm(reader, layer, options.post_norm)) {
  const DecoderConfig& config = reader.config;
  for (const char* name : {"mlp.gate_proj", "mlp.up_proj"}) {
    gate_up_proj_.push_back(reader.linear(
        layer + name,
        config.intermediate_size,
        config.hidden_size,
        config.mlp_bias));
  }
  nn::join_rows(gate_up_proj_, reader.compute);
  reader.widen(2 * config.intermediate_size, config.hidden_size);
  reader.emit(2 * config.intermediate_size + config.hidden_size);
}

nn::mx::array GatedMlp::forward(
    const nn::mx::array& x,
    const nn::Compute& compute) const {
  const nn::mx::array gate_up =
      nn::norm_project(x, norm_, gate_up_proj_, 0, compute);
  return nn::gated_project_add(
      gate_up, activation_, down_proj_, address(post_norm_), x, compute);
}

// --- shapes -----------------------------------------------------------------

ModelShape shape_of(const DecoderConfig& config) {
  ModelShape shape;
  shape.family = config.family;
  shape.context_tokens = config.max_position_embeddings;
  shape.vocabulary = config.vocab_size;
  shape.hidden = config.hidden_size;
  shape.heads = config.num_attention_heads;
  shape.head_dim = config.head_dim;
  shape.widest_input = config.hidden_size;
  return shape;
}

LayerShape attention_layer_shape(const DecoderConfig& config, int64_t layer) {
  const bool sliding = !config.is_sliding.empty() && config.is_sliding[layer];
  return {
      .kind =
          sliding ? LayerKind::sliding_attention : LayerKind::full_attention,
      .kv_heads = config.num_key_value_heads,
      .head_dim = config.head_dim,
      .window_tokens = sliding ? config.sliding_window : 0};
}

std::string layer_path(int64_t layer) {
  return fmt::format("layers.{}.", layer);
}

}  // namespace bantam
