// SPDX-License-Identifier: MIT
#include "models/model_facts.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "base/error.h"
#include "models/config_reader.h"

namespace bantam {

namespace {

using Keys = std::initializer_list<const char*>;

// Looks a number up in config.json or in GGUF metadata.
class FactReader {
 public:
  explicit FactReader(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {
    const Json& config = checkpoint.config();
    for (const char* key : {"text_config", "llm_config", "language_config"}) {
      if (config.is_object() && config.contains(key) &&
          config[key].is_object()) {
        text_ = &config[key];
      }
    }
    if (checkpoint.is_gguf()) {
      try {
        prefix_ =
            checkpoint.gguf()->string("general.architecture").value_or("") +
            ".";
      } catch (const Error&) {
        prefix_ = ".";
      }
    }
  }

  std::optional<int64_t> number(Keys json_keys, Keys gguf_keys) const {
    if (checkpoint_.is_gguf()) {
      for (const char* key : gguf_keys) {
        if (const auto value = gguf_number(prefix_ + key)) {
          return value;
        }
      }
      return std::nullopt;
    }
    for (const Json* object : {text_, &checkpoint_.config()}) {
      for (const char* key : json_keys) {
        if (const auto value = json_number(object, key)) {
          return value;
        }
      }
    }
    return std::nullopt;
  }

  /// "layer_types" of a folder; nullptr if there is none.
  const Json* layer_types() const {
    for (const Json* object : {text_, &checkpoint_.config()}) {
      if (object != nullptr && object->is_object() &&
          object->contains("layer_types") &&
          (*object)["layer_types"].is_array()) {
        return &(*object)["layer_types"];
      }
    }
    return nullptr;
  }

 private:
  // Of a list with one number for each layer, the largest.
  std::optional<int64_t> gguf_number(const std::string& key) const {
    const GgufValue* value = checkpoint_.gguf()->find(key);
    if (value == nullptr) {
      return std::nullopt;
    }
    if (const auto* one = std::get_if<int64_t>(value)) {
      return usable(*one);
    }
    if (const auto* list = std::get_if<std::vector<int64_t>>(value);
        list != nullptr && !list->empty()) {
      return usable(*std::ranges::max_element(*list));
    }
    return std::nullopt;
  }

  static std::optional<int64_t> json_number(
      const Json* object,
      const char* key) {
    if (object == nullptr || !object->is_object()) {
      return std::nullopt;
    }
    const auto entry = object->find(key);
    return entry == object->end() || !entry->is_number_integer() ||
            (entry->is_number_unsigned() && entry->get<uint64_t>() > INT32_MAX)
        ? std::nullopt
        : usable(entry->get<int64_t>());
  }

  // Far above any real model's numbers.
  static std::optional<int64_t> usable(int64_t value) {
    constexpr int64_t kMost = int64_t{1} << 26;
    return value >= 0 && value <= kMost ? std::optional(value) : std::nullopt;
  }

  const Checkpoint& checkpoint_;
  const Json* text_ = nullptr;
  std::string prefix_;
};

// Kinds of layers: by name where the configuration lists them, else by the
// tensors that each layer has.
void count_layers(
    const FactReader& reader,
    const TensorCensus& census,
    ModelFacts& facts) {
  int64_t sliding = 0;
  int64_t recurrent = 0;
  if (const Json* types = reader.layer_types()) {
    for (const Json& type : *types) {
      const std::string name = type.is_string() ? type.get<std::string>() : "";
      sliding += name.starts_with("sliding") || name.starts_with("chunked");
      recurrent += name.starts_with("linear") || name.starts_with("conv") ||
          name.starts_with("mamba") || name.starts_with("recurrent");
    }
  } else {
    std::vector<bool> is_recurrent;
    for (const CensusModule& module : census.modules) {
      constexpr int64_t kMostLayers = 10'000;
      if (module.role == TensorRole::recurrent && module.layer >= 0 &&
          module.layer < kMostLayers) {
        is_recurrent.resize(
            std::max(
                is_recurrent.size(), static_cast<size_t>(module.layer) + 1));
        is_recurrent[static_cast<size_t>(module.layer)] = true;
      }
    }
    recurrent = std::ranges::count(is_recurrent, true);
  }
  if (facts.layers && sliding + recurrent <= *facts.layers) {
    facts.sliding_layers = sliding;
    facts.recurrent_layers = recurrent;
    facts.full_layers = *facts.layers - sliding - recurrent;
  }
}

int64_t idle(int64_t whole, const ModelFacts& facts) {
  if (facts.experts <= 0 || facts.active_experts <= 0 ||
      facts.active_experts > facts.experts) {
    return 0;
  }
  return static_cast<int64_t>(
      static_cast<double>(whole) *
      (1.0 -
       static_cast<double>(facts.active_experts) /
           static_cast<double>(facts.experts)));
}

std::string rounded(int64_t parameters) {
  const auto value = static_cast<double>(parameters);
  if (value >= 9.5e9) {
    return fmt::format("{:.0f}B", value / 1e9);
  }
  if (value >= 1e9) {
    const std::string one = fmt::format("{:.1f}", value / 1e9);
    return (one.ends_with(".0") ? one.substr(0, one.size() - 2) : one) + "B";
  }
  return value >= 1e6 ? fmt::format("{:.0f}M", value / 1e6)
                      : fmt::format("{:.0f}K", value / 1e3);
}

}  // namespace

std::optional<int64_t> ModelFacts::kv_bytes_per_token() const {
  const std::optional<int64_t> keeping = full_layers ? full_layers : layers;
  if (!keeping || !kv_heads || !head_dim) {
    return std::nullopt;
  }
  int64_t bytes = 4;  // a key and a value of 16 bits
  for (const int64_t factor : {*keeping, *kv_heads, *head_dim}) {
    if (__builtin_mul_overflow(bytes, factor, &bytes)) {
      return std::nullopt;
    }
  }
  return bytes;
}

ModelFacts read_facts(
    const Checkpoint& checkpoint,
    const TensorCensus& census) {
  const FactReader reader(checkpoint);
  ModelFacts facts;
  facts.layers =
      reader.number({"num_hidden_layers", "n_layer"}, {"block_count"});
  facts.context_tokens = reader.number(
      {"max_position_embeddings", "n_positions", "max_sequence_length"},
      {"context_length"});
  facts.hidden =
      reader.number({"hidden_size", "n_embd", "d_model"}, {"embedding_length"});
  facts.vocabulary = reader.number({"vocab_size"}, {"vocab_size"});
  if (!facts.vocabulary && checkpoint.is_gguf()) {
    const GgufValue* tokens = checkpoint.gguf()->find("tokenizer.ggml.tokens");
    if (tokens != nullptr && std::holds_alternative<GgufStrings>(*tokens)) {
      facts.vocabulary =
          static_cast<int64_t>(std::get<GgufStrings>(*tokens).size());
    }
  }
  const auto heads = reader.number(
      {"num_attention_heads", "n_head"}, {"attention.head_count"});
  facts.kv_heads = reader.number(
      {"num_key_value_heads", "num_kv_heads"}, {"attention.head_count_kv"});
  facts.kv_heads = facts.kv_heads ? facts.kv_heads : heads;
  facts.head_dim = reader.number({"head_dim"}, {"attention.key_length"});
  if (!facts.head_dim && facts.hidden && heads && *heads > 0) {
    facts.head_dim = *facts.hidden / *heads;
  }
  facts.experts = reader
                      .number(
                          {"num_experts",
                           "num_local_experts",
                           "n_routed_experts",
                           "moe_num_experts"},
                          {"expert_count"})
                      .value_or(0);
  facts.active_experts = reader
                             .number(
                                 {"num_experts_per_tok",
                                  "num_experts_per_token",
                                  "top_k_experts",
                                  "moe_topk"},
                                 {"expert_used_count"})
                             .value_or(0);
  count_layers(reader, census, facts);
  return facts;
}

int64_t active_parameters(const TensorCensus& census, const ModelFacts& facts) {
  return census.values() - idle(census.of(TensorRole::experts).values, facts);
}

int64_t bytes_per_token(const TensorCensus& census, const ModelFacts& facts) {
  int64_t bytes =
      census.bytes() - idle(census.of(TensorRole::experts).bytes, facts);
  bytes -= census.of(TensorRole::vision).bytes;
  bytes -= census.of(TensorRole::prediction).bytes;
  if (census.of(TensorRole::lm_head).bytes > 0) {
    bytes -= census.of(TensorRole::embedding).bytes;
  }
  return bytes;
}

std::string size_class(int64_t parameters, int64_t active) {
  const std::string total = rounded(parameters);
  if (active >= parameters) {
    return total;
  }
  // People round this one to whole billions: A3B.
  return total + "-A" +
      (active >= 1'000'000'000
           ? fmt::format("{:.0f}B", static_cast<double>(active) / 1e9)
           : rounded(active));
}

}  // namespace bantam
