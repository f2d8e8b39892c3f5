// SPDX-License-Identifier: MIT
// Gemma 3, the text model: five layers of sliding-window attention to one that
// sees everything, each with rotary frequencies of its own; norms before and
// after each block, stored less one; GELU; scaled embeddings. A vision tower
// is not used.
#include <bit>
#include <cmath>

#include "base/error.h"
#include "models/decoder_blocks.h"
#include "models/families.h"
#include "models/rope_scaling.h"
#include "nn/eval.h"

namespace bantam {

namespace {

struct GemmaConfig {
  DecoderConfig decoder;
  nn::Rope sliding_rope;
  float attention_scale = 0;
  EndOptions ends;
};

float rounded_to_bf16(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const uint32_t odd = (bits >> 16) & 1;
  return std::bit_cast<float>((bits + 0x7FFF + odd) & 0xFFFF0000);
}

constexpr int64_t kUsualPattern = 6;  // every sixth layer sees everything
constexpr double kLocalTheta = 10000.0;

// Rows are [full attention, sliding attention] in newer files, one for all in
// older ones, whose sliding layers have a theta of their own.
void read_ropes(const JsonConfig& json, GemmaConfig& config) {
  DecoderConfig& decoder = config.decoder;
  const int64_t pairs = decoder.head_dim / 2;
  std::optional<double> theta = json.number("rope_theta");
  std::optional<double> local = json.number("rope_local_base_freq");
  auto scaling = json.object("rope_scaling");
  if (const auto parameters = json.object("rope_parameters")) {
    if (const auto full = parameters->object("full_attention")) {
      theta = full->number("rope_theta");
      scaling.emplace(*full);
    }
    if (const auto sliding = parameters->object("sliding_attention")) {
      local = sliding->number("rope_theta");
    }
  }
  constexpr double kGlobalTheta = 1e6;
  const double base = theta.value_or(kGlobalTheta);
  const double local_base = local.value_or(kLocalTheta);
  if (!(base > 1) || !(local_base > 1)) {
    fail(
        ErrorCode::invalid_file,
        "{}: rope thetas are {} and {}",
        decoder.source,
        base,
        local_base);
  }
  decoder.rope = {.frequencies = rope_frequencies(base, pairs)};
  if (scaling) {
    decoder.rope.amplitude =
        scale_frequencies(decoder.rope.frequencies, base, *scaling);
  }
  config.sliding_rope = {.frequencies = rope_frequencies(local_base, pairs)};
}

void set_pattern(DecoderConfig& config, int64_t pattern) {
  config.is_sliding.clear();
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    config.is_sliding.push_back((i + 1) % pattern != 0);
  }
}

void read_json(const Checkpoint& checkpoint, GemmaConfig& config) {
  const JsonConfig json = text_config(checkpoint);
  DecoderConfig& decoder = config.decoder;
  if (json.number("attn_logit_softcapping").value_or(0) != 0) {
    fail(
        ErrorCode::unsupported,
        "{}: attn_logit_softcapping is not supported",
        decoder.source);
  }
  if (decoder.sliding_window == 0) {
    fail(
        ErrorCode::invalid_file,
        "{}: \"sliding_window\" is missing",
        decoder.source);
  }
  if (json.find("layer_types") == nullptr) {
    const auto pattern = json.integer("sliding_window_pattern");
    set_pattern(
        decoder,
        positive(
            pattern.value_or(kUsualPattern),
            "sliding_window_pattern",
            decoder.source));
  }
  read_ropes(json, config);
  constexpr double kUsualScalar = 256;
  const double scalar =
      json.number("query_pre_attn_scalar").value_or(kUsualScalar);
  if (!(scalar > 0)) {
    fail(
        ErrorCode::invalid_file,
        "{}: \"query_pre_attn_scalar\" is {}, but must be positive",
        decoder.source,
        scalar);
  }
  config.attention_scale = static_cast<float>(1 / std::sqrt(scalar));
  // The factor is rounded as the training code rounded it.
  const float scale = std::sqrt(static_cast<float>(decoder.hidden_size));
  config.ends.embedding_scale = rounded_to_bf16(scale);
  config.ends.logit_cap =
      static_cast<float>(json.number("final_logit_softcapping").value_or(0));
}

void read_gguf(const Checkpoint& checkpoint, GemmaConfig& config) {
  const GgufFile& gguf = *checkpoint.gguf();
  const auto key = [&](std::string_view name) {
    return gguf_key(checkpoint, name);
  };
  DecoderConfig& decoder = config.decoder;
  const auto window = gguf.integer(key("attention.sliding_window"));
  if (window) {
    decoder.sliding_window =
        positive(window, key("attention.sliding_window"), decoder.source);
    set_pattern(decoder, kUsualPattern);
  }
  const double local =
      gguf.number(key("rope.freq_base_swa")).value_or(kLocalTheta);
  if (!(local > 1)) {
    fail(
        ErrorCode::invalid_file, "{}: rope theta is {}", decoder.source, local);
  }
  config.sliding_rope = {
      .frequencies = rope_frequencies(local, decoder.head_dim / 2)};
  // llama.cpp knows the 27B, which alone scales by hidden / heads, by its
  // number of layers.
  constexpr int64_t kLayersOf27B = 62;
  const int64_t dim = decoder.num_hidden_layers == kLayersOf27B
      ? decoder.hidden_size / decoder.num_attention_heads
      : decoder.head_dim;
  config.attention_scale = 1.0f / std::sqrt(static_cast<float>(dim));
  config.ends.embedding_scale =
      std::sqrt(static_cast<float>(decoder.hidden_size));
  config.ends.logit_cap = static_cast<float>(
      gguf.number(key("final_logit_softcapping")).value_or(0));
}

GemmaConfig read_config(const Checkpoint& checkpoint) {
  GemmaConfig config;
  // What Hugging Face leaves out of the files of the smaller models.
  config.decoder = read_decoder_config(
      checkpoint,
      {.hidden_act = "gelu_pytorch_tanh",
       .num_attention_heads = 8,
       .num_key_value_heads = 4,
       .head_dim = 256,
       .max_position_embeddings = 131072,
       .rope_theta = 1e6});
  if (checkpoint.is_gguf()) {
    read_gguf(checkpoint, config);
  } else {
    read_json(checkpoint, config);
  }
  return config;
}

struct GemmaLayer {
  SelfAttention self_attn;
  GatedMlp mlp;
};

class Gemma3 final : public Model {
 public:
  Gemma3(const Checkpoint& checkpoint, const nn::Compute& compute)
      : config_(read_config(checkpoint)),
        shape_(shape_of(config_.decoder)),
        compute_(compute),
        source_(
            checkpoint,
            {{"post_attention_layernorm", "post_attention_norm"},
             {"pre_feedforward_layernorm", "ffn_norm"},
             {"post_feedforward_layernorm", "post_ffw_norm"}}),
        reader_{config_.decoder, prepared(source_), compute_, shape_},
        ends_(reader_, config_.ends) {
    read_layers(reader_, [&](int64_t i) {
      const std::string layer = layer_path(i);
      const LayerShape shape = attention_layer_shape(config_.decoder, i);
      const bool is_sliding = shape.kind == LayerKind::sliding_attention;
      layers_.push_back(
          {.self_attn =
               {reader_,
                layer,
                {.qk_norm = true,
                 .scale = config_.attention_scale,
                 .rope = is_sliding ? &config_.sliding_rope : nullptr,
                 .post_norm = "post_attention_layernorm"}},
           .mlp = {
               reader_,
               layer,
               {.activation = nn::Activation::gelu_tanh,
                .norm = "pre_feedforward_layernorm",
                .post_norm = "post_feedforward_layernorm"}}});
      return shape;
    });
  }

  const ModelShape& shape() const override { return shape_; }

  nn::mx::array forward(
      const nn::mx::array& tokens,
      int64_t logit_tokens,
      KvCache& cache) override {
    nn::mx::array x = ends_.embed(tokens, compute_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const GemmaLayer& layer = layers_[i];
      x = layer.self_attn.forward(
          x, cache.position(), cache.layer(i), compute_);
      x = layer.mlp.forward(x, compute_);
      nn::end_layer(x, compute_);
    }
    cache.advance(static_cast<int64_t>(tokens.size()));
    return ends_.logits(x, logit_tokens, compute_);
  }

 private:
  static WeightSource& prepared(WeightSource& source) {
    source.set_norm_offset(source.checkpoint().is_gguf() ? 0.0f : 1.0f);
    return source;
  }

  GemmaConfig config_;
  ModelShape shape_;
  nn::Compute compute_;
  WeightSource source_;
  BlockReader reader_;
  ModelEnds ends_;
  std::vector<GemmaLayer> layers_;
};

}  // namespace

ModelShape describe_gemma3(const Checkpoint& checkpoint) {
  return Gemma3(checkpoint, nn::no_compute()).shape();
}

std::unique_ptr<Model> make_gemma3(
    const Checkpoint& checkpoint,
    const nn::Compute& compute) {
  return std::make_unique<Gemma3>(checkpoint, compute);
}

}  // namespace bantam
