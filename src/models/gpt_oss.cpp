// SPDX-License-Identifier: MIT
// gpt-oss: layers with a window and layers without take turns, each head with a
// learnt sink in its softmax; YaRN positions; in every layer a mixture of
// experts in mxfp4, with biases and OpenAI's clamped form of SwiGLU.
#include <cmath>

#include "base/error.h"
#include "models/families.h"
#include "models/sparse_moe.h"
#include "nn/eval.h"

namespace bantam {

namespace {

struct GptOssConfig {
  DecoderConfig decoder;
  MoeConfig moe;
  float swiglu_limit = 7.0f;
};

constexpr int64_t kUsualWindow = 128;

void read_json(const Checkpoint& checkpoint, GptOssConfig& config) {
  const JsonConfig json = text_config(checkpoint);
  const std::string& source = json.source();
  DecoderConfig& decoder = config.decoder;
  decoder.sliding_window = positive(
      json.integer("sliding_window").value_or(kUsualWindow),
      "sliding_window",
      source);
  if (json.find("layer_types") == nullptr) {
    decoder.is_sliding.clear();
  }
  const auto active = json.integer("num_experts_per_tok");
  config.moe.num_experts =
      positive(json.integer("num_local_experts"), "num_local_experts", source);
  config.moe.num_experts_per_tok = positive(
      active ? active : json.integer("experts_per_token"),
      "num_experts_per_tok",
      source);
  config.moe.moe_intermediate_size =
      positive(decoder.intermediate_size, "intermediate_size", source);
  if (const auto limit = json.number("swiglu_limit")) {
    config.swiglu_limit = static_cast<float>(*limit);
  }
}

void read_gguf(const Checkpoint& checkpoint, GptOssConfig& config) {
  const GgufFile& gguf = *checkpoint.gguf();
  const auto required = [&](std::string_view name) {
    const std::string key = gguf_key(checkpoint, name);
    return positive(gguf.integer(key), key, gguf.path());
  };
  config.decoder.sliding_window = required("attention.sliding_window");
  config.moe.num_experts = required("expert_count");
  config.moe.num_experts_per_tok = required("expert_used_count");
  config.moe.moe_intermediate_size = required("expert_feed_forward_length");
}

GptOssConfig read_config(const Checkpoint& checkpoint) {
  GptOssConfig config;
  config.decoder = read_decoder_config(
      checkpoint,
      {.num_key_value_heads = 8,
       .head_dim = 64,
       .max_position_embeddings = 131072,
       .rope_theta = 150000,
       .attention_bias = true});
  if (checkpoint.is_gguf()) {
    read_gguf(checkpoint, config);
  } else {
    read_json(checkpoint, config);
  }
  DecoderConfig& decoder = config.decoder;
  // Where nothing says otherwise, every second layer sees everything.
  if (decoder.is_sliding.empty()) {
    for (int64_t i = 0; i < decoder.num_hidden_layers; ++i) {
      decoder.is_sliding.push_back(i % 2 == 0);
    }
  }
  const MoeConfig& moe = config.moe;
  if (moe.num_experts_per_tok > moe.num_experts) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} experts per token, but there are {}",
        decoder.source,
        moe.num_experts_per_tok,
        moe.num_experts);
  }
  if (!(config.swiglu_limit > 0) || !std::isfinite(config.swiglu_limit)) {
    fail(
        ErrorCode::invalid_file,
        "{}: \"swiglu_limit\" is {}, but must be positive",
        decoder.source,
        config.swiglu_limit);
  }
  return config;
}

std::vector<GgufName> gguf_names() {
  return {
      {"post_attention_layernorm", "post_attention_norm"},
      {"self_attn.sinks", "attn_sinks.weight"},
      {"mlp.router", "ffn_gate_inp"},
      {"mlp.experts.gate_proj", "ffn_gate_exps"},
      {"mlp.experts.up_proj", "ffn_up_exps"},
      {"mlp.experts.down_proj", "ffn_down_exps"},
      {"mlp.experts.gate_proj.bias", "ffn_gate_exps.bias"},
      {"mlp.experts.up_proj.bias", "ffn_up_exps.bias"},
      {"mlp.experts.down_proj.bias", "ffn_down_exps.bias"}};
}

// Stacked and apart (MLX, GGUF), or as OpenAI published them: gate and up in
// alternating rows, in mxfp4 or in floats.
nn::ExpertMatrices read_matrices(
    WeightSource& source,
    const std::string& experts,
    const MoeConfig& moe,
    int64_t hidden) {
  const int64_t count = moe.num_experts;
  const int64_t width = moe.moe_intermediate_size;
  nn::ExpertMatrices matrices;
  const std::string fused = experts + "gate_up_proj";
  const std::string down = experts + "down_proj";
  if (source.find(fused + "_blocks") == nullptr) {
    const std::string gate = experts + "gate_proj";
    const std::string up = experts + "up_proj";
    matrices.gate = source.matrices(gate, count, width, hidden);
    matrices.up = source.matrices(up, count, width, hidden);
    matrices.down = source.matrices(down, count, hidden, width);
    matrices.gate_bias = source.float_table(gate + ".bias", count, width);
    matrices.up_bias = source.float_table(up + ".bias", count, width);
    matrices.down_bias = source.float_table(down + ".bias", count, hidden);
    return matrices;
  }
  matrices.gate = source.mxfp4_blocks(fused, count, 2 * width, hidden);
  matrices.down = source.mxfp4_blocks(down, count, hidden, width);
  matrices.gate_bias = source.float_table(fused + "_bias", count, 2 * width);
  matrices.down_bias = source.float_table(down + "_bias", count, hidden);
  return matrices;
}

struct GptOssLayer {
  SelfAttention self_attn;
  SparseMoe mlp;
};

class GptOss final : public Model {
 public:
  GptOss(const Checkpoint& checkpoint, const nn::Compute& compute)
      : config_(read_config(checkpoint)),
        shape_(shape_of(config_.decoder)),
        compute_(compute),
        source_(checkpoint, gguf_names()),
        reader_{config_.decoder, source_, compute_, shape_},
        ends_(reader_) {
    read_layers(reader_, [&](int64_t i) { return read_layer(i); });
  }

  const ModelShape& shape() const override { return shape_; }

  nn::mx::array forward(
      const nn::mx::array& tokens,
      int64_t logit_tokens,
      KvCache& cache) override {
    nn::mx::array x = ends_.embed(tokens, compute_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const GptOssLayer& layer = layers_[i];
      x = layer.self_attn.forward(
          x, cache.position(), cache.layer(i), compute_);
      x = layer.mlp.forward(x, compute_);
      nn::end_layer(x, compute_);
    }
    cache.advance(static_cast<int64_t>(tokens.size()));
    return ends_.logits(x, logit_tokens, compute_);
  }

 private:
  LayerShape read_layer(int64_t i) {
    const std::string path = layer_path(i);
    layers_.push_back(
        {.self_attn = {reader_, path, {.sinks = true}},
         .mlp = {reader_, config_.moe, read_experts(path)}});
    LayerShape shape = attention_layer_shape(config_.decoder, i);
    shape.experts = config_.moe.num_experts;
    shape.active_experts = config_.moe.num_experts_per_tok;
    shape.expert_bytes = layers_.back().mlp.expert_bytes();
    return shape;
  }

  nn::Experts read_experts(const std::string& layer) {
    const int64_t hidden = config_.decoder.hidden_size;
    nn::RmsNorm norm = reader_.norm(layer + "post_attention_layernorm", hidden);
    nn::Linear router = reader_.linear(
        layer + "mlp.router",
        config_.moe.num_experts,
        hidden,
        /* has_bias = */ true);
    return {
        std::move(norm),
        std::move(router),
        read_matrices(source_, layer + "mlp.experts.", config_.moe, hidden),
        std::nullopt,
        {.active = config_.moe.num_experts_per_tok,
         .normalize = true,
         .swiglu_limit = config_.swiglu_limit},
        compute_};
  }

  GptOssConfig config_;
  ModelShape shape_;
  nn::Compute compute_;
  WeightSource source_;
  BlockReader reader_;
  ModelEnds ends_;
  std::vector<GptOssLayer> layers_;
};

}  // namespace

ModelShape describe_gpt_oss(const Checkpoint& checkpoint) {
  return GptOss(checkpoint, nn::no_compute()).shape();
}

std::unique_ptr<Model> make_gpt_oss(
    const Checkpoint& checkpoint,
    const nn::Compute& compute) {
  return std::make_unique<GptOss>(checkpoint, compute);
}

}  // namespace bantam
