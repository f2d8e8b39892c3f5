// SPDX-License-Identifier: MIT
// The llama family: Llama 2 and 3.x, Mistral, SmolLM 1 and 2. Pre-norm
// decoder, grouped-query attention with rotary positions, SwiGLU.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "models/families.h"
#include "models/llama_config.h"
#include "models/matrix_sizes.h"
#include "nn/attention.h"
#include "nn/eval.h"
#include "nn/linear.h"

namespace bantam {

namespace {

// What the two formats call the same tensors; layer names take the index.
struct LlamaNames {
  std::string_view embed_tokens, norm, lm_head;
  std::string_view layer;  // prefix, with {} for the index
  std::string_view input_layernorm, post_attention_layernorm;
  std::string_view q_proj, k_proj, v_proj, o_proj;
  std::string_view gate_proj, up_proj, down_proj;
};

constexpr LlamaNames kHuggingFaceNames{
    .embed_tokens = "model.embed_tokens",
    .norm = "model.norm",
    .lm_head = "lm_head",
    .layer = "model.layers.{}.",
    .input_layernorm = "input_layernorm",
    .post_attention_layernorm = "post_attention_layernorm",
    .q_proj = "self_attn.q_proj",
    .k_proj = "self_attn.k_proj",
    .v_proj = "self_attn.v_proj",
    .o_proj = "self_attn.o_proj",
    .gate_proj = "mlp.gate_proj",
    .up_proj = "mlp.up_proj",
    .down_proj = "mlp.down_proj",
};

constexpr LlamaNames kGgufNames{
    .embed_tokens = "token_embd",
    .norm = "output_norm",
    .lm_head = "output",
    .layer = "blk.{}.",
    .input_layernorm = "attn_norm",
    .post_attention_layernorm = "ffn_norm",
    .q_proj = "attn_q",
    .k_proj = "attn_k",
    .v_proj = "attn_v",
    .o_proj = "attn_output",
    .gate_proj = "ffn_gate",
    .up_proj = "ffn_up",
    .down_proj = "ffn_down",
};

// --- weights ----------------------------------------------------------------

struct LlamaLayerWeights {
  kernels::WeightMatrix q_proj, k_proj, v_proj, o_proj;
  kernels::WeightMatrix gate_proj, up_proj, down_proj;

  std::array<const kernels::WeightMatrix*, 7> all() const {
    return {
        &q_proj, &k_proj, &v_proj, &o_proj, &gate_proj, &up_proj, &down_proj};
  }
};

/// Finds every tensor and checks its shape against the configuration.
class LlamaWeights {
 public:
  LlamaWeights(const Checkpoint& checkpoint, const LlamaConfig& config)
      : checkpoint_(checkpoint),
        config_(config),
        names_(checkpoint.is_gguf() ? kGgufNames : kHuggingFaceNames) {}

  kernels::WeightMatrix embed_tokens() const {
    return checkpoint_.matrix(
        names_.embed_tokens, config_.vocab_size, config_.hidden_size);
  }
  kernels::WeightMatrix lm_head() const {
    return config_.tie_word_embeddings
        ? embed_tokens()
        : checkpoint_.matrix(
              names_.lm_head, config_.vocab_size, config_.hidden_size);
  }
  nn::RmsNorm norm() const { return rms_norm(std::string(names_.norm)); }
  nn::RmsNorm input_layernorm(int64_t i) const {
    return rms_norm(path(i, names_.input_layernorm));
  }
  nn::RmsNorm post_attention_layernorm(int64_t i) const {
    return rms_norm(path(i, names_.post_attention_layernorm));
  }

  LlamaLayerWeights layer(int64_t i) const {
    const int64_t hidden = config_.hidden_size;
    const int64_t inner = config_.intermediate_size;
    const int64_t q = config_.num_attention_heads * config_.head_dim;
    const int64_t kv = config_.num_key_value_heads * config_.head_dim;
    const auto matrix = [&](std::string_view name, int64_t rows, int64_t cols) {
      return checkpoint_.matrix(path(i, name), rows, cols);
    };
    return {
        .q_proj = matrix(names_.q_proj, q, hidden),
        .k_proj = matrix(names_.k_proj, kv, hidden),
        .v_proj = matrix(names_.v_proj, kv, hidden),
        .o_proj = matrix(names_.o_proj, hidden, q),
        .gate_proj = matrix(names_.gate_proj, inner, hidden),
        .up_proj = matrix(names_.up_proj, inner, hidden),
        .down_proj = matrix(names_.down_proj, hidden, inner),
    };
  }

  /// Empty where the checkpoint has none and none is configured.
  std::vector<float> bias(
      int64_t i,
      std::string_view name,
      int64_t rows,
      bool configured) const {
    const std::string bias_name = path(i, name) + ".bias";
    if (!configured && checkpoint_.find(bias_name) == nullptr) {
      return {};
    }
    return checkpoint_.vector(bias_name, rows);
  }

  const LlamaNames& names() const { return names_; }

 private:
  std::string path(int64_t i, std::string_view name) const {
    return fmt::format(fmt::runtime(names_.layer), i) + std::string(name);
  }
  nn::RmsNorm rms_norm(const std::string& name) const {
    return {
        checkpoint_.vector(name + ".weight", config_.hidden_size),
        config_.rms_norm_eps};
  }

  const Checkpoint& checkpoint_;
  const LlamaConfig& config_;
  const LlamaNames& names_;
};

ModelShape shape_of(const Checkpoint& checkpoint, const LlamaConfig& config) {
  const LlamaWeights weights(checkpoint, config);
  const int64_t q = config.num_attention_heads * config.head_dim;
  const int64_t kv = config.num_key_value_heads * config.head_dim;
  ModelShape shape;
  shape.family = "llama";
  shape.context_tokens = config.max_position_embeddings;
  shape.vocabulary = config.vocab_size;
  shape.hidden = config.hidden_size;
  shape.heads = config.num_attention_heads;
  shape.head_dim = config.head_dim;
  shape.widest_input =
      std::max({config.hidden_size, config.intermediate_size, q});
  shape.widest_output = std::max(q + 2 * kv, 2 * config.intermediate_size);
  // x, qkv, heads, h, gate and up, out
  shape.layer_values =
      3 * config.hidden_size + (q + 2 * kv) + q + 2 * config.intermediate_size;
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    LayerShape layer{
        .kind = LayerKind::full_attention,
        .kv_heads = config.num_key_value_heads,
        .head_dim = config.head_dim};
    // Looked up for its checks: shapes and presence.
    weights.input_layernorm(i);
    weights.post_attention_layernorm(i);
    shape.parameters += 2 * config.hidden_size;
    const LlamaLayerWeights layer_weights = weights.layer(i);
    for (const kernels::WeightMatrix* matrix : layer_weights.all()) {
      layer.weight_bytes += matrix_bytes(*matrix);
      shape.parameters += matrix->rows * matrix->cols;
    }
    shape.weight_bytes += layer.weight_bytes;
    shape.layers.push_back(std::move(layer));
  }
  weights.norm();
  const int64_t table = matrix_bytes(weights.embed_tokens());
  const int64_t table_parameters = config.vocab_size * config.hidden_size;
  shape.parameters += config.hidden_size + table_parameters;
  shape.weight_bytes += table;
  if (!config.tie_word_embeddings) {
    shape.embedding_bytes = table;
    shape.weight_bytes += matrix_bytes(weights.lm_head());
    shape.parameters += table_parameters;
  }
  return shape;
}

// --- the network ------------------------------------------------------------

struct LlamaLayer {
  nn::RmsNorm input_layernorm;
  std::vector<nn::Linear> qkv_proj;
  nn::Linear o_proj;
  nn::RmsNorm post_attention_layernorm;
  std::vector<nn::Linear> gate_up_proj;
  nn::Linear down_proj;
};

LlamaLayer make_layer(
    const LlamaWeights& weights,
    const LlamaConfig& config,
    int64_t i,
    const nn::Compute& compute) {
  const LlamaLayerWeights w = weights.layer(i);
  const LlamaNames& names = weights.names();
  const auto linear = [&](const kernels::WeightMatrix& matrix,
                          std::string_view name,
                          bool biased) {
    return nn::Linear(
        matrix, weights.bias(i, name, matrix.rows, biased), compute);
  };
  const bool attention = config.attention_bias;
  const bool mlp = config.mlp_bias;
  return {
      .input_layernorm = weights.input_layernorm(i),
      .qkv_proj =
          {linear(w.q_proj, names.q_proj, attention),
           linear(w.k_proj, names.k_proj, attention),
           linear(w.v_proj, names.v_proj, attention)},
      .o_proj = linear(w.o_proj, names.o_proj, false),
      .post_attention_layernorm = weights.post_attention_layernorm(i),
      .gate_up_proj =
          {linear(w.gate_proj, names.gate_proj, mlp),
           linear(w.up_proj, names.up_proj, mlp)},
      .down_proj = linear(w.down_proj, names.down_proj, mlp),
  };
}

class Llama final : public Model {
 public:
  Llama(const Checkpoint& checkpoint, const nn::Compute& compute)
      : config_(read_llama_config(checkpoint)),
        shape_(shape_of(checkpoint, config_)),
        compute_(compute),
        attention_{
            .heads = config_.num_attention_heads,
            .kv_heads = config_.num_key_value_heads,
            .head_dim = config_.head_dim,
            .scale = 1.0f / std::sqrt(static_cast<float>(config_.head_dim))} {
    const LlamaWeights weights(checkpoint, config_);
    embed_tokens_.emplace_back(
        weights.embed_tokens(), std::vector<float>{}, compute_);
    for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
      layers_.push_back(make_layer(weights, config_, i, compute_));
    }
    norm_ = weights.norm();
    if (config_.tie_word_embeddings) {
      lm_head_ = embed_tokens_;
    } else {
      lm_head_.emplace_back(weights.lm_head(), std::vector<float>{}, compute_);
    }
  }

  const ModelShape& shape() const override { return shape_; }

  nn::mx::array forward(
      std::span<const TokenId> tokens,
      int64_t logit_tokens,
      KvCache& cache) override {
    const int count = static_cast<int>(tokens.size());
    const nn::mx::array ids(tokens.begin(), {count}, nn::mx::int32);
    // [tokens, hidden]
    nn::mx::array x = nn::embed(ids, embed_tokens_[0], compute_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      x = layer_forward(layers_[i], x, cache.position(), cache.layer(i));
      nn::end_layer(x, compute_);
    }
    cache.advance(count);
    return nn::norm_project(x, norm_, lm_head_, logit_tokens, compute_);
  }

 private:
  nn::mx::array layer_forward(
      const LlamaLayer& layer,
      const nn::mx::array& x,
      int64_t position,
      nn::KvLayer& kv) const {
    const nn::mx::array qkv =
        nn::norm_project(x, layer.input_layernorm, layer.qkv_proj, 0, compute_);
    const nn::mx::array heads =
        nn::attend(qkv, attention_, config_.rope, position, kv, compute_);
    const nn::mx::array h = nn::project_add(heads, layer.o_proj, x, compute_);
    const nn::mx::array gate_up = nn::norm_project(
        h, layer.post_attention_layernorm, layer.gate_up_proj, 0, compute_);
    return nn::swiglu_project_add(gate_up, layer.down_proj, h, compute_);
  }

  LlamaConfig config_;
  ModelShape shape_;
  nn::Compute compute_;
  kernels::AttentionShape attention_;
  std::vector<nn::Linear> embed_tokens_;  // one
  std::vector<LlamaLayer> layers_;
  nn::RmsNorm norm_;
  std::vector<nn::Linear> lm_head_;  // one
};

}  // namespace

ModelShape describe_llama(const Checkpoint& checkpoint) {
  return shape_of(checkpoint, read_llama_config(checkpoint));
}

std::unique_ptr<Model> make_llama(
    const Checkpoint& checkpoint,
    const nn::Compute& compute) {
  return std::make_unique<Llama>(checkpoint, compute);
}

}  // namespace bantam
