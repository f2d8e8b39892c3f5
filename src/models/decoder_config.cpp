// SPDX-License-Identifier: MIT
#include "models/decoder_config.h"

#include <cmath>
#include <optional>

#include "base/error.h"
#include "models/config_reader.h"
#include "models/registry.h"
#include "models/rope_scaling.h"
#include "models/weight_source.h"

namespace bantam {

namespace {

void check(const DecoderConfig& config) {
  const std::string& source = config.source;
  if (config.num_attention_heads % config.num_key_value_heads != 0) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} attention heads cannot share {} key/value heads",
        source,
        config.num_attention_heads,
        config.num_key_value_heads);
  }
  // Far above any real model; the tensors' own shapes are checked later.
  constexpr int64_t kMaxHeadDim = 4096;
  if (config.head_dim % 2 != 0 || config.head_dim > kMaxHeadDim) {
    fail(
        ErrorCode::invalid_file,
        "{}: heads of {} dimensions cannot be rotated in pairs",
        source,
        config.head_dim);
  }
  if (!(config.rms_norm_eps > 0) || !(config.rms_norm_eps < 1)) {
    fail(
        ErrorCode::invalid_file,
        "{}: rms norm epsilon {} is out of range",
        source,
        config.rms_norm_eps);
  }
}

// Pairs of each head that turn, when a fraction of its dimensions does.
int64_t rotated_pairs(
    int64_t head_dim,
    double fraction,
    const std::string& source) {
  const int64_t pairs =
      static_cast<int64_t>(static_cast<double>(head_dim) * fraction) / 2;
  if (!(fraction > 0) || fraction > 1 || pairs < 1) {
    fail(
        ErrorCode::invalid_file,
        "{}: partial_rotary_factor {} of heads of {} dimensions",
        source,
        fraction,
        head_dim);
  }
  return pairs;
}

double rope_theta(
    std::optional<double> value,
    double otherwise,
    const std::string& source) {
  const double theta = value.value_or(otherwise);
  if (!(theta > 1) || !std::isfinite(theta)) {
    fail(ErrorCode::invalid_file, "{}: rope theta is {}", source, theta);
  }
  return theta;
}

void read_rope(
    const JsonConfig& json,
    const DecoderDefaults& defaults,
    DecoderConfig& config) {
  std::optional<double> theta = json.number("rope_theta");
  std::optional<double> part = json.number("partial_rotary_factor");
  auto scaling = json.object("rope_scaling");
  if (const auto parameters = json.object("rope_parameters")) {
    theta = parameters->number("rope_theta") ? parameters->number("rope_theta")
                                             : theta;
    part = parameters->number("partial_rotary_factor")
        ? parameters->number("partial_rotary_factor")
        : part;
    scaling.emplace(*parameters);
  }
  if (scaling && scaling->number("llama_4_scaling_beta")) {
    config.position_scale = {
        .beta = static_cast<float>(*scaling->number("llama_4_scaling_beta")),
        .period = positive(
            scaling->integer("original_max_position_embeddings"),
            "original_max_position_embeddings",
            scaling->source())};
  }
  const int64_t pairs = rotated_pairs(
      config.head_dim,
      part.value_or(defaults.partial_rotary_factor),
      config.source);
  config.rope.frequencies = rope_frequencies(
      rope_theta(theta, defaults.rope_theta, config.source), pairs);
  if (scaling) {
    config.rope.amplitude = scale_frequencies(
        config.rope.frequencies,
        rope_theta(theta, defaults.rope_theta, config.source),
        *scaling);
  }
}

// "sliding_window" counts only where a layer uses it: those of "layer_types",
// else from "max_window_layers" on, else all.
void read_window(const JsonConfig& json, DecoderConfig& config) {
  const int64_t layers = config.num_hidden_layers;
  const auto window = json.integer("sliding_window");
  if (!window || !json.boolean("use_sliding_window").value_or(true)) {
    return;
  }
  config.sliding_window = positive(window, "sliding_window", config.source);
  config.is_sliding = layers_of_type(json, "sliding_attention", layers);
  if (config.is_sliding.empty()) {
    const int64_t first = json.integer("max_window_layers").value_or(0);
    for (int64_t i = 0; i < layers; ++i) {
      config.is_sliding.push_back(i >= first);
    }
  }
}

DecoderConfig config_from_json(
    const Checkpoint& checkpoint,
    const DecoderDefaults& defaults) {
  const JsonConfig json = text_config(checkpoint);
  const std::string& source = json.source();
  const auto required = [&](std::string_view key) {
    return positive(json.integer(key), key, source);
  };
  // No default, or a default of 0: the key is required.
  const auto optional = [&](std::string_view key, int64_t otherwise) {
    const auto value = json.integer(key);
    return positive(value || otherwise == 0 ? value : otherwise, key, source);
  };
  DecoderConfig config;
  config.family = architecture_of(checkpoint);
  config.source = source;
  config.hidden_size = required("hidden_size");
  config.num_hidden_layers = required("num_hidden_layers");
  if (json.find("intermediate_size") != nullptr) {
    config.intermediate_size = required("intermediate_size");
  }
  config.num_attention_heads =
      optional("num_attention_heads", defaults.num_attention_heads);
  config.num_key_value_heads = optional(
      "num_key_value_heads",
      defaults.num_key_value_heads > 0 ? defaults.num_key_value_heads
                                       : config.num_attention_heads);
  config.head_dim = optional(
      "head_dim",
      defaults.head_dim > 0 ? defaults.head_dim
                            : config.hidden_size / config.num_attention_heads);
  // Left out, the table itself says how many tokens there are.
  const WeightSource source_of_tables(checkpoint);
  const Tensor* table = source_of_tables.find("embed_tokens.weight");
  config.vocab_size =
      optional("vocab_size", table->shape.empty() ? 0 : table->shape.front());
  config.max_position_embeddings =
      optional("max_position_embeddings", defaults.max_position_embeddings);
  config.rms_norm_eps =
      static_cast<float>(json.number("rms_norm_eps").value_or(1e-6));
  config.attention_bias =
      json.boolean("attention_bias").value_or(defaults.attention_bias);
  config.mlp_bias = json.boolean("mlp_bias").value_or(false);
  const auto tied = json.boolean("tie_word_embeddings");
  config.tie_word_embeddings = tied ? *tied : !source_of_tables.has("lm_head");
  read_window(json, config);
  const std::string act =
      json.string("hidden_act")
          .value_or(json.string("hidden_activation")
                        .value_or(std::string(defaults.hidden_act)));
  if (act != defaults.hidden_act &&
      !(act == "swish" && defaults.hidden_act == "silu")) {
    fail(
        ErrorCode::unsupported,
        "{}: hidden_act \"{}\" is not supported (known: {})",
        source,
        act,
        defaults.hidden_act);
  }
  check(config);
  read_rope(json, defaults, config);
  return config;
}

// YaRN's numbers under the names that config.json has for them.
Json gguf_yarn(const Checkpoint& checkpoint) {
  const GgufFile& gguf = *checkpoint.gguf();
  const auto number = [&](std::string_view name) {
    return gguf.number(gguf_key(checkpoint, name));
  };
  if (number("rope.scaling.yarn_log_multiplier").value_or(0) != 0) {
    fail(
        ErrorCode::unsupported,
        "{}: rope scaling with a log multiplier is not supported",
        gguf.path());
  }
  Json yarn{{"rope_type", "yarn"}};
  const auto copy = [&](const char* to, std::string_view from) {
    if (const auto value = number(from)) {
      yarn[to] = *value;
    }
  };
  copy("factor", "rope.scaling.factor");
  copy(
      "original_max_position_embeddings",
      "rope.scaling.original_context_length");
  copy("beta_fast", "rope.scaling.yarn_beta_fast");
  copy("beta_slow", "rope.scaling.yarn_beta_slow");
  return yarn;
}

// The frequencies of a GGUF file: converters bake Llama 3's scaling into a
// tensor of divisors; only linear scaling is left to the reader.
nn::Rope gguf_rope(const Checkpoint& checkpoint, int64_t pairs) {
  const GgufFile& gguf = *checkpoint.gguf();
  const std::string& source = gguf.path();
  const auto key = [&](std::string_view name) {
    return gguf_key(checkpoint, name);
  };
  const double theta =
      rope_theta(gguf.number(key("rope.freq_base")), 10000.0, source);
  nn::Rope rope{.frequencies = rope_frequencies(theta, pairs)};
  std::vector<float>& frequencies = rope.frequencies;
  if (checkpoint.find("rope_freqs.weight") != nullptr) {
    divide_frequencies(
        frequencies, checkpoint.vector("rope_freqs.weight", pairs));
  }
  const std::string scaling =
      gguf.string(key("rope.scaling.type")).value_or("none");
  if (scaling == "linear") {
    const double factor = gguf.number(key("rope.scaling.factor")).value_or(1.0);
    if (!(factor > 0)) {
      fail(ErrorCode::invalid_file, "{}: rope factor is {}", source, factor);
    }
    const std::vector<float> factors(pairs, static_cast<float>(factor));
    divide_frequencies(frequencies, factors);
  } else if (scaling == "yarn") {
    const Json yarn = gguf_yarn(checkpoint);
    rope.amplitude =
        scale_frequencies(frequencies, theta, JsonConfig(yarn, source));
  } else if (scaling != "none") {
    fail(
        ErrorCode::unsupported,
        "{}: rope scaling \"{}\" is not supported (known: none, linear, yarn)",
        source,
        scaling);
  }
  return rope;
}

DecoderConfig config_from_gguf(
    const Checkpoint& checkpoint,
    const DecoderDefaults& defaults) {
  const GgufFile& gguf = *checkpoint.gguf();
  const std::string& source = gguf.path();
  const auto required = [&](const char* name) {
    const std::string key = gguf_key(checkpoint, name);
    return positive(gguf.integer(key), key, source);
  };
  const auto optional = [&](const char* name, int64_t otherwise) {
    const std::string key = gguf_key(checkpoint, name);
    return positive(gguf.integer(key).value_or(otherwise), key, source);
  };
  DecoderConfig config;
  config.family = architecture_of(checkpoint);
  config.source = source;
  config.hidden_size = required("embedding_length");
  config.num_hidden_layers = required("block_count");
  if (gguf.find(gguf_key(checkpoint, "feed_forward_length")) != nullptr) {
    config.intermediate_size = required("feed_forward_length");
  }
  config.num_attention_heads = required("attention.head_count");
  config.num_key_value_heads =
      optional("attention.head_count_kv", config.num_attention_heads);
  config.head_dim = optional(
      "attention.key_length", config.hidden_size / config.num_attention_heads);
  config.max_position_embeddings = required("context_length");
  config.rms_norm_eps = static_cast<float>(
      gguf.number(gguf_key(checkpoint, "attention.layer_norm_rms_epsilon"))
          .value_or(1e-5));
  // The table itself says how many tokens there are.
  const Tensor& table = checkpoint.at("token_embd.weight");
  config.vocab_size = positive(
      table.shape.empty() ? 0 : table.shape.front(), table.name, source);
  config.attention_bias = defaults.attention_bias;
  config.tie_word_embeddings = checkpoint.find("output.weight") == nullptr;
  check(config);

  const int64_t rotated = optional(
      "rope.dimension_count",
      2 *
          rotated_pairs(
              config.head_dim, defaults.partial_rotary_factor, source));
  if (rotated > config.head_dim || rotated % 2 != 0) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} is {}, but heads have {} dimensions",
        source,
        gguf_key(checkpoint, "rope.dimension_count"),
        rotated,
        config.head_dim);
  }
  config.rope = gguf_rope(checkpoint, rotated / 2);
  return config;
}

}  // namespace

JsonConfig text_config(const Checkpoint& checkpoint) {
  const JsonConfig json = json_config(checkpoint);
  return json.object("text_config").value_or(json);
}

std::string gguf_key(const Checkpoint& checkpoint, std::string_view key) {
  return fmt::format("{}.{}", architecture_of(checkpoint), key);
}

std::vector<bool> layers_of_type(
    const JsonConfig& json,
    std::string_view name,
    int64_t layers) {
  const Json* types = json.find("layer_types");
  if (types == nullptr) {
    return {};
  }
  if (!types->is_array() || static_cast<int64_t>(types->size()) != layers) {
    fail(
        ErrorCode::invalid_file,
        "{}: \"layer_types\" must be a list of {} names, one for each of "
        "\"num_hidden_layers\", but is {}",
        json.source(),
        layers,
        to_json_line(*types).substr(0, 60));
  }
  std::vector<bool> is_of_type;
  for (const Json& type : *types) {
    is_of_type.push_back(type == name);
  }
  return is_of_type;
}

DecoderConfig read_decoder_config(
    const Checkpoint& checkpoint,
    const DecoderDefaults& defaults) {
  return checkpoint.is_gguf() ? config_from_gguf(checkpoint, defaults)
                              : config_from_json(checkpoint, defaults);
}

}  // namespace bantam
