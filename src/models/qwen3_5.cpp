// SPDX-License-Identifier: MIT
// Qwen3.5 and 3.6, dense and mixture of experts, and their forerunner
// Qwen3-Next: three layers of gated delta rule to one of gated attention with
// norms over the heads and a quarter of each head rotated. Vision and
// multi-token prediction parts of a checkpoint are not used.
#include <optional>

#include "base/error.h"
#include "models/families.h"
#include "models/gated_delta_net.h"
#include "models/sparse_moe.h"
#include "nn/eval.h"

namespace bantam {

namespace {

struct QwenConfig {
  DecoderConfig decoder;
  DeltaConfig delta;
  MoeConfig moe;
};

// GGUF counts prediction layers among the blocks; they come last.
int64_t prediction_layers(const Checkpoint& checkpoint) {
  if (!checkpoint.is_gguf()) {
    return 0;
  }
  return checkpoint.gguf()
      ->integer(gguf_key(checkpoint, "nextn_predict_layers"))
      .value_or(0);
}

QwenConfig read_config(const Checkpoint& checkpoint) {
  const std::string architecture = architecture_of(checkpoint);
  QwenConfig config;
  config.decoder =
      read_decoder_config(checkpoint, {.partial_rotary_factor = 0.25});
  const int64_t extra = prediction_layers(checkpoint);
  if (extra < 0 || extra >= config.decoder.num_hidden_layers) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} of {} layers are for prediction",
        config.decoder.source,
        extra,
        config.decoder.num_hidden_layers);
  }
  config.decoder.num_hidden_layers -= extra;
  config.delta = read_delta_config(checkpoint, config.decoder);
  const bool is_next =
      architecture == "qwen3_next" || architecture == "qwen3next";
  config.moe = read_moe_config(checkpoint, config.decoder, !is_next);
  config.delta.is_tiled = checkpoint.is_gguf() && !is_next;
  return config;
}

std::vector<GgufName> gguf_names() {
  std::vector<GgufName> names = delta_gguf_names();
  for (const GgufName& name : moe_gguf_names()) {
    names.push_back(name);
  }
  return names;
}

struct QwenLayer {
  std::optional<GatedDeltaNet> linear_attn;
  std::optional<SelfAttention> self_attn;
  std::optional<SparseMoe> moe;
  std::optional<GatedMlp> mlp;
};

class Qwen final : public Model {
 public:
  Qwen(const Checkpoint& checkpoint, const nn::Compute& compute)
      : config_(read_config(checkpoint)),
        shape_(shape_of(config_.decoder)),
        compute_(compute),
        source_(checkpoint, gguf_names()),
        reader_{config_.decoder, prepared(source_), compute_, shape_},
        ends_(reader_) {
    // Reserved, because forward() gives out addresses of what layers hold.
    layers_.reserve(config_.decoder.num_hidden_layers);
    read_layers(reader_, [&](int64_t i) { return read_layer(i); });
  }

  const ModelShape& shape() const override { return shape_; }

  nn::mx::array forward(
      const nn::mx::array& tokens,
      int64_t logit_tokens,
      KvCache& cache) override {
    nn::mx::array x = ends_.embed(tokens, compute_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const QwenLayer& layer = layers_[i];
      x = layer.linear_attn
          ? layer.linear_attn->forward(x, cache.delta(i), compute_)
          : layer.self_attn->forward(
                x, cache.position(), cache.layer(i), compute_);
      x = layer.moe ? layer.moe->forward(x, compute_)
                    : layer.mlp->forward(x, compute_);
      nn::end_layer(x, compute_);
    }
    cache.advance(static_cast<int64_t>(tokens.size()));
    return ends_.logits(x, logit_tokens, compute_);
  }

 private:
  // Before the first norm is read.
  WeightSource& prepared(WeightSource& source) {
    DeltaConfig& delta = config_.delta;
    if (is_raw_delta_checkpoint(source, delta)) {
      source.set_norm_offset(1.0f);
    }
    find_fused_matrices(source, delta);
    const int64_t layers = config_.decoder.num_hidden_layers;
    const int64_t extra = prediction_layers(source.checkpoint());
    for (int64_t i = layers; i < layers + extra; ++i) {
      source.set_unused(
          fmt::format("blk.{}.", i), "multi-token prediction head");
    }
    return source;
  }

  LayerShape read_layer(int64_t i) {
    const std::string path = layer_path(i);
    QwenLayer layer;
    LayerShape shape;
    if (config_.delta.is_linear[i]) {
      layer.linear_attn.emplace(reader_, path, config_.delta);
      shape = delta_layer_shape(config_.delta);
    } else {
      layer.self_attn.emplace(
          reader_, path, AttentionOptions{.qk_norm = true, .gated = true});
      shape = attention_layer_shape(config_.decoder, i);
    }
    if (config_.moe.sparse(i)) {
      layer.moe.emplace(reader_, path, config_.moe);
      shape.experts = config_.moe.num_experts;
      shape.active_experts = config_.moe.num_experts_per_tok;
      shape.expert_bytes = layer.moe->expert_bytes();
    } else {
      layer.mlp.emplace(reader_, path);
    }
    layers_.push_back(std::move(layer));
    return shape;
  }

  QwenConfig config_;
  ModelShape shape_;
  nn::Compute compute_;
  WeightSource source_;
  BlockReader reader_;
  ModelEnds ends_;
  std::vector<QwenLayer> layers_;
};

}  // namespace

ModelShape describe_qwen3_5(const Checkpoint& checkpoint) {
  return Qwen(checkpoint, nn::no_compute()).shape();
}

std::unique_ptr<Model> make_qwen3_5(
    const Checkpoint& checkpoint,
    const nn::Compute& compute) {
  return std::make_unique<Qwen>(checkpoint, compute);
}

}  // namespace bantam
