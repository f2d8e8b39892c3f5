// SPDX-License-Identifier: MIT
#include "models/llama_config.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "models/config_reader.h"
#include "models/registry.h"
#include "models/rope_scaling.h"

namespace bantam {

namespace {

void check(const LlamaConfig& config, const std::string& source) {
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

double rope_theta(std::optional<double> value, const std::string& source) {
  const double theta = value.value_or(10000.0);
  if (!(theta > 1) || !std::isfinite(theta)) {
    fail(ErrorCode::invalid_file, "{}: rope theta is {}", source, theta);
  }
  return theta;
}

LlamaConfig config_from_json(const JsonConfig& json) {
  const std::string& source = json.source();
  const auto required = [&](std::string_view key) {
    return positive(json.integer(key), key, source);
  };
  const auto optional = [&](std::string_view key, int64_t otherwise) {
    return positive(json.integer(key).value_or(otherwise), key, source);
  };
  LlamaConfig config;
  config.hidden_size = required("hidden_size");
  config.num_hidden_layers = required("num_hidden_layers");
  config.intermediate_size = required("intermediate_size");
  config.num_attention_heads = required("num_attention_heads");
  config.num_key_value_heads =
      optional("num_key_value_heads", config.num_attention_heads);
  config.head_dim =
      optional("head_dim", config.hidden_size / config.num_attention_heads);
  config.vocab_size = required("vocab_size");
  config.max_position_embeddings = optional("max_position_embeddings", 2048);
  config.rms_norm_eps =
      static_cast<float>(json.number("rms_norm_eps").value_or(1e-6));
  config.attention_bias = json.boolean("attention_bias").value_or(false);
  config.mlp_bias = json.boolean("mlp_bias").value_or(false);
  config.tie_word_embeddings =
      json.boolean("tie_word_embeddings").value_or(false);
  // Within its window a sliding-window model is a plain one.
  if (const auto window = json.integer("sliding_window");
      window && json.boolean("use_sliding_window").value_or(true)) {
    config.max_position_embeddings = std::min(
        config.max_position_embeddings,
        positive(window, "sliding_window", source));
  }
  const std::string act = json.string("hidden_act").value_or("silu");
  if (act != "silu" && act != "swish") {
    fail(
        ErrorCode::unsupported,
        "{}: hidden_act \"{}\" is not supported (known: silu)",
        source,
        act);
  }
  check(config, source);

  std::optional<double> theta = json.number("rope_theta");
  auto scaling = json.object("rope_scaling");
  if (const auto parameters = json.object("rope_parameters")) {
    theta = parameters->number("rope_theta") ? parameters->number("rope_theta")
                                             : theta;
    scaling.emplace(*parameters);
  }
  config.rope.frequencies =
      rope_frequencies(rope_theta(theta, source), config.head_dim / 2);
  if (scaling) {
    scale_frequencies(config.rope.frequencies, *scaling);
  }
  return config;
}

// The frequencies of a GGUF file: converters bake Llama 3's scaling into a
// tensor of divisors; only linear scaling is left to the reader.
std::vector<float> gguf_frequencies(
    const Checkpoint& checkpoint,
    const std::string& prefix,
    int64_t pairs) {
  const GgufFile& gguf = *checkpoint.gguf();
  const std::string& source = gguf.path();
  std::vector<float> frequencies = rope_frequencies(
      rope_theta(gguf.number(prefix + "rope.freq_base"), source), pairs);
  if (checkpoint.find("rope_freqs.weight") != nullptr) {
    divide_frequencies(
        frequencies, checkpoint.vector("rope_freqs.weight", pairs));
  }
  const std::string scaling =
      gguf.string(prefix + "rope.scaling.type").value_or("none");
  if (scaling == "linear") {
    const double factor =
        gguf.number(prefix + "rope.scaling.factor").value_or(1.0);
    if (!(factor > 0)) {
      fail(ErrorCode::invalid_file, "{}: rope factor is {}", source, factor);
    }
    const std::vector<float> factors(pairs, static_cast<float>(factor));
    divide_frequencies(frequencies, factors);
  } else if (scaling != "none") {
    fail(
        ErrorCode::unsupported,
        "{}: rope scaling \"{}\" is not supported (known: none, linear)",
        source,
        scaling);
  }
  return frequencies;
}

LlamaConfig config_from_gguf(const Checkpoint& checkpoint) {
  const GgufFile& gguf = *checkpoint.gguf();
  const std::string& source = gguf.path();
  const std::string prefix = architecture_of(checkpoint) + ".";
  const auto required = [&](const char* key) {
    return positive(gguf.integer(prefix + key), prefix + key, source);
  };
  const auto optional = [&](const char* key, int64_t otherwise) {
    return positive(
        gguf.integer(prefix + key).value_or(otherwise), prefix + key, source);
  };
  if (gguf.integer(prefix + "expert_count").value_or(0) > 0) {
    fail(
        ErrorCode::unsupported,
        "{}: mixture-of-experts models of this architecture are not supported",
        source);
  }
  LlamaConfig config;
  config.hidden_size = required("embedding_length");
  config.num_hidden_layers = required("block_count");
  config.intermediate_size = required("feed_forward_length");
  config.num_attention_heads = required("attention.head_count");
  config.num_key_value_heads =
      optional("attention.head_count_kv", config.num_attention_heads);
  config.head_dim = optional(
      "attention.key_length", config.hidden_size / config.num_attention_heads);
  config.max_position_embeddings = required("context_length");
  config.rms_norm_eps = static_cast<float>(
      gguf.number(prefix + "attention.layer_norm_rms_epsilon").value_or(1e-5));
  // The table itself says how many tokens there are.
  const Tensor& table = checkpoint.at("token_embd.weight");
  config.vocab_size = positive(
      table.shape.empty() ? 0 : table.shape.front(), table.name, source);
  config.attention_bias = checkpoint.find("blk.0.attn_q.bias") != nullptr;
  config.tie_word_embeddings = checkpoint.find("output.weight") == nullptr;
  check(config, source);

  const int64_t rotated = optional("rope.dimension_count", config.head_dim);
  if (rotated > config.head_dim || rotated % 2 != 0) {
    fail(
        ErrorCode::invalid_file,
        "{}: {}rope.dimension_count is {}, but heads have {} dimensions",
        source,
        prefix,
        rotated,
        config.head_dim);
  }
  config.rope.frequencies = gguf_frequencies(checkpoint, prefix, rotated / 2);
  // Converters permute the rows of q and k so that pairs are neighbours.
  config.rope.interleaved = true;
  return config;
}

}  // namespace

LlamaConfig read_llama_config(const Checkpoint& checkpoint) {
  return checkpoint.is_gguf() ? config_from_gguf(checkpoint)
                              : config_from_json(json_config(checkpoint));
}

}  // namespace bantam
