// SPDX-License-Identifier: MIT
#include "engine/inspect.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "base/error.h"
#include "engine/chat_prompt.h"
#include "memory/size_band.h"
#include "models/licence.h"
#include "models/model_facts.h"
#include "models/quantization_name.h"
#include "models/registry.h"
#include "models/tensor_census.h"
#include "text/template_traits.h"
#include "weights/checkpoint.h"
#include "weights/locate.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

// Bytes and tensors per type, the largest share first.
Json tensor_types(const Checkpoint& checkpoint) {
  std::map<std::string_view, std::pair<int64_t, int64_t>> totals;
  for (const Tensor* tensor : checkpoint.tensors()) {
    auto& [count, bytes] = totals[layout_of(tensor->type).name];
    ++count;
    bytes += static_cast<int64_t>(tensor->bytes.size());
  }
  std::vector<Json> rows;
  for (const auto& [name, total] : totals) {
    rows.push_back(
        {{"type", name}, {"tensors", total.first}, {"bytes", total.second}});
  }
  std::sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
    return a["bytes"].get<int64_t>() > b["bytes"].get<int64_t>();
  });
  return rows;
}

Json bits_per_weight(int64_t bytes, int64_t values) {
  return values == 0
      ? Json()
      : Json(8.0 * static_cast<double>(bytes) / static_cast<double>(values));
}

Json bits_by_class(const TensorCensus& census) {
  Json rows = Json::array();
  for (size_t i = 0; i < kTensorRoles; ++i) {
    const RoleTotal& total = census.totals[i];
    if (total.bytes > 0) {
      rows.push_back(
          {{"class", role_name(static_cast<TensorRole>(i))},
           {"parameters", total.values},
           {"bytes", total.bytes},
           {"bits_per_weight", bits_per_weight(total.bytes, total.values)}});
    }
  }
  return rows;
}

// Of everything in the files that hold the tensors.
int64_t file_bytes(const Checkpoint& checkpoint) {
  std::set<std::string> files;
  for (const Tensor* tensor : checkpoint.tensors()) {
    files.insert(tensor->file);
  }
  int64_t bytes = 0;
  for (const std::string& file : files) {
    std::error_code ignored;
    const auto size = fs::file_size(file, ignored);
    bytes += ignored ? 0 : static_cast<int64_t>(size);
  }
  return bytes;
}

Json size_band_json(int64_t bytes, int64_t parameters, int64_t ram_bytes) {
  const SizeBand band = size_band(parameters, ram_bytes);
  return {
      {"ram_bytes", ram_bytes},
      {"low_bytes", band.low_bytes},
      {"high_bytes", band.high_bytes},
      {"verdict", verdict_name(band.verdict(bytes))}};
}

Json end_token_spellings(const Checkpoint& checkpoint) {
  const auto tokenizer = checkpoint.make_tokenizer();
  Json spellings = Json::array();
  for (const TokenId id : end_tokens_of(checkpoint, *tokenizer)) {
    spellings.push_back(tokenizer->spelling(id));
  }
  return spellings;
}

class Inspection {
 public:
  Inspection(const Checkpoint& checkpoint, const InspectOptions& options)
      : checkpoint_(checkpoint),
        options_(options),
        census_(take_census(checkpoint)),
        facts_(read_facts(checkpoint, census_)) {}

  Json report() {
    add_weights();
    add_layers();
    add_shape();
    add_text();
    add_licence();
    add_unsupported();
    report_["supported"] = problems_.empty();
    report_["notes"] = std::move(notes_);
    report_["problems"] = std::move(problems_);
    return std::move(report_);
  }

 private:
  // Runs `look`; what it finds wrong becomes a line of "problems".
  template <typename F>
  void attempt(const F& look) {
    try {
      look();
    } catch (const Error& error) {
      problems_.push_back(error.what());
    }
  }

  void add_weights() {
    const QuantizationName quantization =
        quantization_name(checkpoint_, census_);
    const int64_t parameters = census_.values();
    const int64_t active = active_parameters(census_, facts_);
    report_ = {
        {"name", checkpoint_.name()},
        {"path", checkpoint_.path()},
        {"format", checkpoint_.is_gguf() ? "GGUF" : "safetensors"},
        {"architecture", nullptr},
        {"supported", false},
        {"family", nullptr},
        {"parameters", parameters},
        {"active_parameters", active},
        {"size_class", size_class(parameters, active)},
        {"bits_per_weight", bits_per_weight(census_.bytes(), parameters)},
        {"quantization", quantization.name},
        {"weight_bytes", checkpoint_.weight_bytes()},
        {"file_bytes", file_bytes(checkpoint_)},
        {"bytes_per_token", bytes_per_token(census_, facts_)},
        {"size_band",
         size_band_json(
             file_bytes(checkpoint_), parameters, options_.ram_bytes)}};
    for (const std::string& doubt : quantization.doubts) {
      notes_.push_back(doubt);
    }
    for (const std::string& doubt : census_.doubts) {
      notes_.push_back(doubt);
    }
  }

  void add_layers() {
    report_["layers"] = or_null(facts_.layers);
    report_["layer_kinds"] = {
        {"full_attention", or_null(facts_.full_layers)},
        {"sliding_attention", or_null(facts_.sliding_layers)},
        {"recurrent", or_null(facts_.recurrent_layers)}};
    report_["experts"] = facts_.experts;
    report_["active_experts"] = facts_.active_experts;
    report_["context_tokens"] = or_null(facts_.context_tokens);
    report_["vocabulary"] = or_null(facts_.vocabulary);
    report_["kv_bytes_per_token"] = or_null(facts_.kv_bytes_per_token());
    report_["state_bytes"] = nullptr;
  }

  // What the family itself says replaces what names and keys suggest.
  void add_shape() {
    attempt([&] {
      report_["architecture"] = architecture_of(checkpoint_);
      const ModelShape shape = describe(checkpoint_);
      report_["family"] = shape.family;
      report_["layers"] = shape.layers.size();
      int64_t full = 0, sliding = 0, recurrent = 0;
      for (const LayerShape& layer : shape.layers) {
        full += layer.kind == LayerKind::full_attention;
        sliding += layer.kind == LayerKind::sliding_attention;
        recurrent += layer.kind == LayerKind::recurrent;
      }
      report_["layer_kinds"] = {
          {"full_attention", full},
          {"sliding_attention", sliding},
          {"recurrent", recurrent}};
      report_["context_tokens"] = shape.context_tokens;
      report_["vocabulary"] = shape.vocabulary;
      report_["kv_bytes_per_token"] = shape.kv_bytes_per_token();
      report_["state_bytes"] = shape.state_bytes();
    });
  }

  void add_text() {
    report_["chat_template"] = false;
    report_["thinking"] = nullptr;
    report_["tool_calls"] = nullptr;
    report_["end_tokens"] = nullptr;
    attempt([&] { report_["end_tokens"] = end_token_spellings(checkpoint_); });
    attempt([&] {
      if (const auto source = checkpoint_.chat_template()) {
        const TemplateTraits traits = template_traits(*source);
        report_["thinking"] = {
            {"supported", traits.thinking},
            {"switch",
             traits.thinking_switch.empty() ? Json()
                                            : Json(traits.thinking_switch)}};
        report_["tool_calls"] = traits.tool_calls;
      }
      report_["chat_template"] = make_chat_template(checkpoint_).has_value();
    });
  }

  void add_licence() {
    report_["licence"] = nullptr;
    report_["licence_source"] = nullptr;
    report_["commercial_use"] = "unknown";
    report_["licence_conditions"] = nullptr;
    attempt([&] {
      if (const auto licence = licence_of(checkpoint_)) {
        report_["licence"] = licence->id;
        report_["licence_source"] = licence->source;
        report_["commercial_use"] = commercial_use_name(licence->use);
        if (!licence->conditions.empty()) {
          report_["licence_conditions"] = licence->conditions;
        }
      }
    });
  }

  // Parts of the model that bantam leaves aside, beside `problems`.
  void add_unsupported() {
    Json unsupported = Json::array();
    if (census_.of(TensorRole::vision).bytes > 0) {
      unsupported.push_back("images and sound: only text is answered");
    }
    if (census_.of(TensorRole::prediction).bytes > 0) {
      unsupported.push_back(
          "its multi-token prediction head: tokens come one at a time");
    }
    for (const Json& problem : problems_) {
      unsupported.push_back(problem);
    }
    report_["unsupported"] = std::move(unsupported);
    report_["bits_by_class"] = bits_by_class(census_);
    report_["tensor_types"] = tensor_types(checkpoint_);
  }

  const Checkpoint& checkpoint_;
  const InspectOptions& options_;
  const TensorCensus census_;
  const ModelFacts facts_;
  Json report_;
  Json notes_ = Json::array();
  Json problems_ = Json::array();
};

// Of an architecture that no family here knows.
ModelShape guessed_shape(
    const TensorCensus& census,
    const ModelFacts& facts,
    int64_t weight_bytes) {
  ModelShape shape;
  shape.context_tokens = facts.context_tokens.value_or(0);
  shape.vocabulary = facts.vocabulary.value_or(0);
  shape.hidden = facts.hidden.value_or(0);
  shape.head_dim = facts.head_dim.value_or(0);
  shape.heads = shape.head_dim > 0 ? shape.hidden / shape.head_dim : 0;
  // Networks are usually up to four times as wide as the model.
  shape.widest_input = 4 * shape.hidden;
  shape.widest_output = 8 * shape.hidden;
  shape.layer_values = 16 * shape.hidden;
  // Bounds on what a damaged configuration may ask of the planner.
  constexpr int64_t kMostLayers = 10'000;
  constexpr int64_t kMostHeads = 1 << 14;
  constexpr int64_t kMostHeadDim = 1 << 14;
  shape.heads = std::min(shape.heads, kMostHeads);
  shape.head_dim = std::min(shape.head_dim, kMostHeadDim);
  const int64_t kv_heads = std::min(facts.kv_heads.value_or(0), kMostHeads);
  // The planner divides query heads among key/value heads.
  const bool has_heads = kv_heads > 0 && shape.head_dim > 0;
  shape.heads = has_heads
      ? std::max<int64_t>(1, shape.heads / kv_heads) * kv_heads
      : shape.heads;
  const int64_t keeping = has_heads
      ? std::min(
            facts.full_layers.value_or(facts.layers.value_or(0)), kMostLayers)
      : 0;
  for (int64_t i = 0; i < keeping; ++i) {
    LayerShape layer;
    layer.kv_heads = kv_heads;
    layer.head_dim = shape.head_dim;
    shape.layers.push_back(layer);
  }
  shape.parameters = census.values();
  shape.weight_bytes = weight_bytes;
  shape.embedding_bytes = census.of(TensorRole::lm_head).bytes > 0
      ? census.of(TensorRole::embedding).bytes
      : 0;
  return shape;
}

}  // namespace

ModelSizes model_sizes(const std::string& model) {
  const Checkpoint checkpoint(locate_model(model));
  const TensorCensus census = take_census(checkpoint);
  const ModelFacts facts = read_facts(checkpoint, census);
  ModelSizes sizes{
      .name = checkpoint.name(),
      .quantization = quantization_name(checkpoint, census).name,
      .shape = {},
      .active_parameters = active_parameters(census, facts),
      .bytes_per_token = bytes_per_token(census, facts)};
  try {
    sizes.shape = describe(checkpoint);
    sizes.supported = true;
  } catch (const Error&) {
    sizes.shape = guessed_shape(census, facts, checkpoint.weight_bytes());
  }
  try {
    const auto source = checkpoint.chat_template();
    sizes.thinking = source && template_traits(*source).thinking;
  } catch (const Error&) {
    // A damaged template is inspect's to report.
  }
  return sizes;
}

Json inspect_model(const std::string& model, const InspectOptions& options) {
  const Checkpoint checkpoint(locate_model(model));
  return Inspection(checkpoint, options).report();
}

}  // namespace bantam
