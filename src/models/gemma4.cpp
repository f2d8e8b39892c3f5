// SPDX-License-Identifier: MIT
// Gemma 4, the text model: layers with a window and layers that see everything,
// each kind with heads and rotary frequencies of its own; values normed, or the
// same as keys; norms before and after each block; a scale for each layer; in
// some sizes a mixture of experts beside the gated network. Layers that share
// keys and values or have inputs of their own (the smallest sizes) are refused.
#include <cmath>
#include <optional>

#include "base/error.h"
#include "models/families.h"
#include "models/rope_scaling.h"
#include "models/sparse_moe.h"
#include "nn/eval.h"

namespace bantam {

namespace {

struct Gemma4Config {
  DecoderConfig sliding;  // what the two kinds of layers share, and one's heads
  DecoderConfig full;     // the same with the other's
  bool keys_are_values = false;  // where a layer sees everything
  MoeConfig moe;
  EndOptions ends;
};

// Pairs beyond the rotated part keep their place and do not turn.
std::vector<float> proportional_frequencies(
    double theta,
    double part,
    double factor,
    int64_t head_dim) {
  std::vector<float> frequencies = rope_frequencies(theta, head_dim / 2);
  const auto turning =
      static_cast<size_t>(static_cast<double>(head_dim) * part / 2);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = i < turning
        ? static_cast<float>(static_cast<double>(frequencies[i]) / factor)
        : 0.0f;
  }
  return frequencies;
}

// One kind of layers' entry in "rope_parameters".
nn::Rope read_rope(
    const std::optional<JsonConfig>& entry,
    double theta,
    double part,
    bool proportional,
    const DecoderConfig& config) {
  if (entry) {
    theta = entry->number("rope_theta").value_or(theta);
    part = entry->number("partial_rotary_factor").value_or(part);
    proportional =
        entry->string("rope_type").value_or("default") == "proportional";
  }
  if (!(theta > 1) || !(part > 0) || part > 1) {
    fail(
        ErrorCode::invalid_file,
        "{}: rope theta {} and partial_rotary_factor {}",
        config.source,
        theta,
        part);
  }
  nn::Rope rope;
  if (proportional) {
    const double factor = entry ? entry->number("factor").value_or(1.0) : 1.0;
    rope.frequencies =
        proportional_frequencies(theta, part, factor, config.head_dim);
    return rope;
  }
  rope.frequencies = rope_frequencies(theta, config.head_dim / 2);
  if (entry) {
    rope.amplitude = scale_frequencies(rope.frequencies, theta, *entry);
  }
  return rope;
}

void refuse_what_is_missing(const JsonConfig& json) {
  const auto refuse = [&](std::string_view key) {
    fail(
        ErrorCode::unsupported,
        "{}: \"{}\" is not 0, which bantam does not support yet: of Gemma 4 it "
        "runs the sizes without (26B-A4B, 31B)",
        json.source(),
        key);
  };
  if (json.integer("num_kv_shared_layers").value_or(0) != 0) {
    refuse("num_kv_shared_layers");
  }
  if (json.integer("hidden_size_per_layer_input").value_or(0) != 0) {
    refuse("hidden_size_per_layer_input");
  }
}

void read_experts(const JsonConfig& json, Gemma4Config& config) {
  if (!json.boolean("enable_moe_block").value_or(false)) {
    return;
  }
  const auto required = [&](std::string_view key) {
    return positive(json.integer(key), key, json.source());
  };
  config.moe.num_experts = required("num_experts");
  config.moe.num_experts_per_tok = required("top_k_experts");
  config.moe.moe_intermediate_size = required("moe_intermediate_size");
  config.moe.is_sparse.assign(config.sliding.num_hidden_layers, true);
  if (config.moe.num_experts_per_tok > config.moe.num_experts) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} experts per token, but there are {}",
        json.source(),
        config.moe.num_experts_per_tok,
        config.moe.num_experts);
  }
}

Gemma4Config read_config(const Checkpoint& checkpoint) {
  if (checkpoint.is_gguf()) {
    fail(
        ErrorCode::unsupported,
        "{}: Gemma 4 runs from MLX and Hugging Face folders, not yet from GGUF",
        checkpoint.path());
  }
  const JsonConfig json = text_config(checkpoint);
  refuse_what_is_missing(json);
  Gemma4Config config;
  config.sliding = read_decoder_config(
      checkpoint,
      {.hidden_act = "gelu_pytorch_tanh",
       .num_attention_heads = 8,
       .num_key_value_heads = 1,
       .head_dim = 256,
       .max_position_embeddings = 131072});
  DecoderConfig& sliding = config.sliding;
  sliding.tie_word_embeddings =
      json.boolean("tie_word_embeddings").value_or(true);
  constexpr int64_t kUsualPattern = 5;
  if (json.find("layer_types") == nullptr) {
    const int64_t pattern = positive(
        json.integer("sliding_window_pattern").value_or(kUsualPattern),
        "sliding_window_pattern",
        sliding.source);
    sliding.is_sliding.clear();
    for (int64_t i = 0; i < sliding.num_hidden_layers; ++i) {
      sliding.is_sliding.push_back((i + 1) % pattern != 0);
    }
  }
  sliding.sliding_window = positive(
      json.integer("sliding_window"), "sliding_window", sliding.source);
  config.full = sliding;
  DecoderConfig& full = config.full;
  full.head_dim = positive(
      json.integer("global_head_dim").value_or(512),
      "global_head_dim",
      sliding.source);
  config.keys_are_values = json.boolean("attention_k_eq_v").value_or(false);
  if (const auto heads = json.integer("num_global_key_value_heads");
      heads && config.keys_are_values) {
    full.num_key_value_heads =
        positive(heads, "num_global_key_value_heads", sliding.source);
  }
  if (full.head_dim % 2 != 0 ||
      full.num_attention_heads % full.num_key_value_heads != 0) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} attention heads of {} dimensions cannot share {} key/value "
        "heads",
        sliding.source,
        full.num_attention_heads,
        full.head_dim,
        full.num_key_value_heads);
  }
  const auto ropes = json.object("rope_parameters");
  const auto entry = [&](const char* kind) {
    return ropes ? ropes->object(kind) : std::nullopt;
  };
  sliding.rope =
      read_rope(entry("sliding_attention"), 10000, 1.0, false, sliding);
  full.rope = read_rope(entry("full_attention"), 1e6, 0.25, true, full);
  read_experts(json, config);
  config.ends.embedding_scale =
      std::sqrt(static_cast<float>(sliding.hidden_size));
  config.ends.logit_cap =
      static_cast<float>(json.number("final_logit_softcapping").value_or(30.0));
  return config;
}

// The network of a layer: gated, with a mixture of experts beside it or not,
// added to its input with the layer's scale.
struct FeedForward {
  nn::RmsNorm norm;
  std::vector<nn::Linear> gate_up;
  nn::Linear down;
  std::optional<nn::RmsNorm> norm_1;  // of the gated network, beside experts
  std::optional<nn::RmsNorm> norm_2;  // of the experts
  std::optional<SparseMoe> experts;
  nn::RmsNorm post_norm;
  float scale = 1;

  nn::mx::array forward(const nn::mx::array& x, const nn::Compute& compute)
      const {
    const nn::mx::array none =
        nn::mx::zeros(x.shape(), x.dtype(), compute.stream);
    nn::mx::array y = nn::gated_project_add(
        nn::norm_project(x, norm, gate_up, 0, compute),
        nn::Activation::gelu_tanh,
        down,
        norm_1 ? &*norm_1 : nullptr,
        none,
        compute);
    if (experts) {
      y = nn::norm_add(experts->forward(x, compute), *norm_2, y, 1.0f, compute);
    }
    return nn::norm_add(y, post_norm, x, scale, compute);
  }
};

struct Gemma4Layer {
  SelfAttention self_attn;
  FeedForward feed_forward;
};

class Gemma4 final : public Model {
 public:
  Gemma4(const Checkpoint& checkpoint, const nn::Compute& compute)
      : config_(read_config(checkpoint)),
        shape_(shape_of(config_.sliding)),
        compute_(compute),
        source_(checkpoint),
        reader_{config_.sliding, source_, compute_, shape_},
        full_reader_{config_.full, source_, compute_, shape_},
        ends_(reader_, config_.ends) {
    shape_.head_dim = std::max(shape_.head_dim, config_.full.head_dim);
    // Reserved, because forward() gives out addresses of what layers hold.
    layers_.reserve(config_.sliding.num_hidden_layers);
    read_layers(reader_, [&](int64_t i) { return read_layer(i); });
  }

  const ModelShape& shape() const override { return shape_; }

  nn::mx::array forward(
      const nn::mx::array& tokens,
      int64_t logit_tokens,
      KvCache& cache) override {
    nn::mx::array x = ends_.embed(tokens, compute_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Gemma4Layer& layer = layers_[i];
      x = layer.self_attn.forward(
          x, cache.position(), cache.layer(i), compute_);
      x = layer.feed_forward.forward(x, compute_);
      nn::end_layer(x, compute_);
    }
    cache.advance(static_cast<int64_t>(tokens.size()));
    return ends_.logits(x, logit_tokens, compute_);
  }

 private:
  LayerShape read_layer(int64_t i) {
    const std::string path = layer_path(i);
    const bool sliding = config_.sliding.is_sliding[i];
    BlockReader& reader = sliding ? reader_ : full_reader_;
    full_reader_.layer_values = reader_.layer_values;
    LayerShape shape =
        attention_layer_shape(sliding ? config_.sliding : config_.full, i);
    SelfAttention attention(
        reader,
        path,
        {.qk_norm = true,
         .scale = 1.0f,
         .post_norm = "post_attention_layernorm",
         .value_norm = true,
         .keys_are_values = !sliding && config_.keys_are_values});
    reader_.layer_values = reader.layer_values;
    layers_.push_back(
        {.self_attn = std::move(attention),
         .feed_forward = read_network(path)});
    if (const auto& experts = layers_.back().feed_forward.experts) {
      shape.experts = config_.moe.num_experts;
      shape.active_experts = config_.moe.num_experts_per_tok;
      shape.expert_bytes = experts->expert_bytes();
    }
    return shape;
  }

  FeedForward read_network(const std::string& layer) {
    const int64_t hidden = config_.sliding.hidden_size;
    const int64_t width = positive(
        config_.sliding.intermediate_size,
        "intermediate_size",
        config_.sliding.source);
    const auto norm = [&](const char* name) {
      return reader_.norm(layer + name, hidden);
    };
    FeedForward network{
        .norm = norm("pre_feedforward_layernorm"),
        .gate_up =
            {reader_.linear(layer + "mlp.gate_proj", width, hidden),
             reader_.linear(layer + "mlp.up_proj", width, hidden)},
        .down = reader_.linear(layer + "mlp.down_proj", hidden, width),
        .norm_1 = std::nullopt,
        .norm_2 = std::nullopt,
        .experts = std::nullopt,
        .post_norm = norm("post_feedforward_layernorm"),
        .scale = source_.values(layer + "layer_scalar", 1).front()};
    reader_.widen(2 * width, hidden);
    reader_.emit(2 * width + 3 * hidden);
    if (config_.moe.num_experts > 0) {
      network.norm_1 = norm("post_feedforward_layernorm_1");
      network.norm_2 = norm("post_feedforward_layernorm_2");
      network.experts.emplace(reader_, config_.moe, read_experts(layer));
      reader_.emit(hidden);
    }
    return network;
  }

  // Gate and up are one tensor in raw checkpoints, two in MLX's.
  nn::ExpertMatrices read_matrices(const std::string& layer) {
    const int64_t count = config_.moe.num_experts;
    const int64_t width = config_.moe.moe_intermediate_size;
    const int64_t hidden = config_.sliding.hidden_size;
    const std::string raw = layer + "experts.";
    nn::ExpertMatrices matrices;
    if (source_.find(raw + "gate_up_proj") != nullptr) {
      for (const auto& both :
           source_.matrices(raw + "gate_up_proj", count, 2 * width, hidden)) {
        matrices.gate.push_back(both.slice(0, width));
        matrices.up.push_back(both.slice(width, width));
      }
      matrices.down = source_.matrices(raw + "down_proj", count, hidden, width);
      return matrices;
    }
    const std::string stack = raw + "switch_glu.";
    matrices.gate = source_.matrices(stack + "gate_proj", count, width, hidden);
    matrices.up = source_.matrices(stack + "up_proj", count, width, hidden);
    matrices.down = source_.matrices(stack + "down_proj", count, hidden, width);
    return matrices;
  }

  nn::Experts read_experts(const std::string& layer) {
    const int64_t hidden = config_.sliding.hidden_size;
    std::vector<float> scale = source_.values(layer + "router.scale", hidden);
    for (float& value : scale) {
      value /= std::sqrt(static_cast<float>(hidden));
    }
    nn::RmsNorm norm =
        reader_.norm(layer + "pre_feedforward_layernorm_2", hidden);
    nn::Linear router =
        reader_.linear(layer + "router.proj", config_.moe.num_experts, hidden);
    nn::Experts experts(
        std::move(norm),
        std::move(router),
        read_matrices(layer),
        std::nullopt,
        {.active = config_.moe.num_experts_per_tok,
         .normalize = true,
         .activation = nn::Activation::gelu_tanh,
         .adds_input = false},
        compute_);
    experts.set_router_input(
        {.norm = {std::move(scale), config_.sliding.rms_norm_eps, compute_},
         .expert_scales = source_.values(
             layer + "router.per_expert_scale", config_.moe.num_experts)});
    return experts;
  }

  Gemma4Config config_;
  ModelShape shape_;
  nn::Compute compute_;
  WeightSource source_;
  BlockReader reader_;
  BlockReader full_reader_;
  ModelEnds ends_;
  std::vector<Gemma4Layer> layers_;
};

}  // namespace

ModelShape describe_gemma4(const Checkpoint& checkpoint) {
  return Gemma4(checkpoint, nn::no_compute()).shape();
}

std::unique_ptr<Model> make_gemma4(
    const Checkpoint& checkpoint,
    const nn::Compute& compute) {
  return std::make_unique<Gemma4>(checkpoint, compute);
}

}  // namespace bantam
