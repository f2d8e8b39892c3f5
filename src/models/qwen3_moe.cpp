// SPDX-License-Identifier: MIT
// Qwen3's mixture of experts: attention with norms over the heads, and experts
// in place of the gated network.
#include <optional>

#include "models/families.h"
#include "models/sparse_moe.h"
#include "nn/eval.h"

namespace bantam {

namespace {

struct Qwen3MoeLayer {
  SelfAttention self_attn;
  std::optional<SparseMoe> moe;
  std::optional<GatedMlp> mlp;
};

class Qwen3Moe final : public Model {
 public:
  Qwen3Moe(const Checkpoint& checkpoint, const nn::Compute& compute)
      : config_(read_decoder_config(checkpoint)),
        moe_(read_moe_config(checkpoint, config_, /* every_layer = */ false)),
        shape_(shape_of(config_)),
        compute_(compute),
        source_(checkpoint, moe_gguf_names()),
        reader_{config_, source_, compute_, shape_},
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
      const Qwen3MoeLayer& layer = layers_[i];
      x = layer.self_attn.forward(
          x, cache.position(), cache.layer(i), compute_);
      x = layer.moe ? layer.moe->forward(x, compute_)
                    : layer.mlp->forward(x, compute_);
      nn::end_layer(x, compute_);
    }
    cache.advance(static_cast<int64_t>(tokens.size()));
    return ends_.logits(x, logit_tokens, compute_);
  }

 private:
  LayerShape read_layer(int64_t i) {
    const std::string path = layer_path(i);
    Qwen3MoeLayer layer{
        .self_attn = {reader_, path, {.qk_norm = true}},
        .moe = std::nullopt,
        .mlp = std::nullopt};
    LayerShape shape = attention_layer_shape(config_, i);
    if (moe_.sparse(i)) {
      layer.moe.emplace(reader_, path, moe_);
      shape.experts = moe_.num_experts;
      shape.active_experts = moe_.num_experts_per_tok;
      shape.expert_bytes = layer.moe->expert_bytes();
    } else {
      layer.mlp.emplace(reader_, path);
    }
    layers_.push_back(std::move(layer));
    return shape;
  }

  DecoderConfig config_;
  MoeConfig moe_;
  ModelShape shape_;
  nn::Compute compute_;
  WeightSource source_;
  BlockReader reader_;
  ModelEnds ends_;
  std::vector<Qwen3MoeLayer> layers_;
};

}  // namespace

ModelShape describe_qwen3_moe(const Checkpoint& checkpoint) {
  return Qwen3Moe(checkpoint, nn::no_compute()).shape();
}

std::unique_ptr<Model> make_qwen3_moe(
    const Checkpoint& checkpoint,
    const nn::Compute& compute) {
  return std::make_unique<Qwen3Moe>(checkpoint, compute);
}

}  // namespace bantam
