// SPDX-License-Identifier: MIT
// The llama family: Llama 2 and 3.x, Mistral, SmolLM 1 and 2, and its siblings
// Qwen2 (a bias on queries, keys and values) and Qwen3 (norms over the heads of
// queries and keys). Pre-norm decoder, grouped-query attention with rotary
// positions, SwiGLU.
#include <array>

#include "base/error.h"
#include "models/decoder_blocks.h"
#include "models/families.h"
#include "nn/eval.h"

namespace bantam {

namespace {

// What one member of the family has and another has not.
struct Sibling {
  std::string_view architecture;
  bool attention_bias;
  bool qk_norm;
  // llama.cpp's converter permutes the rows of q and k of some architectures so
  // that rotary pairs are neighbours.
  bool gguf_interleaved;
};

constexpr std::array kSiblings{
    Sibling{"llama", false, false, true},
    Sibling{"mistral", false, false, true},
    Sibling{"qwen2", true, false, false},
    Sibling{"qwen3", false, true, false},
};

const Sibling& sibling_of(const Checkpoint& checkpoint) {
  const std::string architecture = architecture_of(checkpoint);
  for (const Sibling& sibling : kSiblings) {
    if (sibling.architecture == architecture) {
      return sibling;
    }
  }
  return kSiblings.front();
}

DecoderConfig read_config(const Checkpoint& checkpoint) {
  const Sibling& sibling = sibling_of(checkpoint);
  DecoderConfig config = read_decoder_config(
      checkpoint, {.attention_bias = sibling.attention_bias});
  config.rope.interleaved = checkpoint.is_gguf() && sibling.gguf_interleaved;
  if (checkpoint.is_gguf() &&
      checkpoint.gguf()
              ->integer(gguf_key(checkpoint, "expert_count"))
              .value_or(0) > 0) {
    fail(
        ErrorCode::unsupported,
        "{}: mixture-of-experts models of architecture \"{}\" are not "
        "supported",
        config.source,
        config.family);
  }
  return config;
}

struct LlamaLayer {
  SelfAttention self_attn;
  GatedMlp mlp;
};

class Llama final : public Model {
 public:
  Llama(const Checkpoint& checkpoint, const nn::Compute& compute)
      : config_(read_config(checkpoint)),
        shape_(shape_of(config_)),
        compute_(compute),
        source_(checkpoint),
        reader_{config_, source_, compute_, shape_},
        ends_(reader_) {
    const bool qk_norm = sibling_of(checkpoint).qk_norm;
    read_layers(reader_, [&](int64_t i) {
      const std::string layer = layer_path(i);
      layers_.push_back(
          {.self_attn = {reader_, layer, {.qk_norm = qk_norm}},
           .mlp = {reader_, layer}});
      return attention_layer_shape(config_, i);
    });
  }

  const ModelShape& shape() const override { return shape_; }

  nn::mx::array forward(
      const nn::mx::array& tokens,
      int64_t logit_tokens,
      KvCache& cache) override {
    nn::mx::array x = ends_.embed(tokens, compute_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const LlamaLayer& layer = layers_[i];
      x = layer.self_attn.forward(
          x, cache.position(), cache.layer(i), compute_);
      x = layer.mlp.forward(x, compute_);
      nn::end_layer(x, compute_);
    }
    cache.advance(static_cast<int64_t>(tokens.size()));
    return ends_.logits(x, logit_tokens, compute_);
  }

 private:
  DecoderConfig config_;
  ModelShape shape_;
  nn::Compute compute_;
  WeightSource source_;
  BlockReader reader_;
  ModelEnds ends_;
  std::vector<LlamaLayer> layers_;
};

}  // namespace

ModelShape describe_llama(const Checkpoint& checkpoint) {
  return Llama(checkpoint, nn::no_compute()).shape();
}

std::unique_ptr<Model> make_llama(
    const Checkpoint& checkpoint,
    const nn::Compute& compute) {
  return std::make_unique<Llama>(checkpoint, compute);
}

}  // namespace bantam
