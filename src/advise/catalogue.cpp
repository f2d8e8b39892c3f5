// SPDX-License-Identifier: MIT
#include "advise/catalogue.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"

namespace bantam {

namespace {

// One object of the catalogue; errors name its place.
class Entry {
 public:
  Entry(const Json& object, std::string where)
      : object_(object), where_(std::move(where)) {
    if (!object.is_object()) {
      fail(ErrorCode::invalid_file, "{}: expected an object", where_);
    }
  }

  std::string text(const char* key) const {
    const Json& value = at(key);
    if (!value.is_string() || value.get<std::string>().empty()) {
      wrong(key, "text");
    }
    return value.get<std::string>();
  }
  double number(const char* key) const {
    const Json& value = at(key);
    const double number = value.is_number() ? value.get<double>() : -1;
    if (!(number > 0) || !std::isfinite(number)) {
      wrong(key, "a positive number");
    }
    return number;
  }
  int64_t integer(const char* key) const {
    const Json& value = at(key);
    // Products of four of them stay within 63 bits.
    constexpr int64_t kMost = 1 << 20;
    if (!value.is_number_integer() || value.get<int64_t>() < 1 ||
        value.get<int64_t>() > kMost) {
      wrong(key, "a number from 1 to 2^20");
    }
    return value.get<int64_t>();
  }
  int64_t integer(const char* key, int64_t otherwise) const {
    return object_.contains(key) ? integer(key) : otherwise;
  }
  bool boolean(const char* key, bool otherwise) const {
    if (!object_.contains(key)) {
      return otherwise;
    }
    if (!object_[key].is_boolean()) {
      wrong(key, "true or false");
    }
    return object_[key].get<bool>();
  }

 private:
  const Json& at(const char* key) const {
    if (!object_.contains(key)) {
      fail(ErrorCode::invalid_file, "{}: \"{}\" is missing", where_, key);
    }
    return object_[key];
  }
  [[noreturn]] void wrong(const char* key, std::string_view expected) const {
    fail(
        ErrorCode::invalid_file,
        "{}: \"{}\" must be {}",
        where_,
        key,
        expected);
  }

  const Json& object_;
  std::string where_;
};

CatalogueQuantization read_quantization(const Entry& entry) {
  return {
      .name = entry.text("name"),
      .suffix = entry.text("suffix"),
      .bits = entry.integer("bits"),
      .group = entry.integer("group"),
      .kept = entry.number("kept"),
      .source = entry.text("source")};
}

CatalogueModel read_model(const Entry& entry) {
  CatalogueModel model;
  model.name = entry.text("name");
  model.repository = entry.text("repository");
  model.licence = entry.text("licence");
  model.source = entry.text("source");
  model.thinking = entry.boolean("thinking", false);
  model.layers = entry.integer("layers");
  model.full_attention_interval = entry.integer("full_attention_interval", 1);
  model.hidden = entry.integer("hidden_size");
  model.experts = entry.integer("experts", 0);
  if (model.experts > 0) {
    model.active_experts = entry.integer("active_experts");
    model.moe_intermediate = entry.integer("moe_intermediate_size");
    model.shared_intermediate = entry.integer("shared_intermediate_size", 0);
  } else {
    model.intermediate = entry.integer("intermediate_size");
  }
  model.heads = entry.integer("num_attention_heads");
  model.kv_heads = entry.integer("num_key_value_heads");
  model.head_dim = entry.integer("head_dim");
  model.gated_attention = entry.boolean("gated_attention", false);
  if (model.full_attention_interval > 1) {
    model.linear_key_heads = entry.integer("linear_key_heads");
    model.linear_value_heads = entry.integer("linear_value_heads");
    model.linear_head_dim = entry.integer("linear_head_dim");
    model.conv_kernel = entry.integer("conv_kernel");
  }
  model.vocabulary = entry.integer("vocab_size");
  model.tied = entry.boolean("tied", false);
  model.context_tokens = entry.integer("context_tokens");
  return model;
}

template <typename T, typename Read>
std::vector<T> read_list(
    const Json& json,
    const char* key,
    std::string_view source,
    const Read& read) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_array() ||
      json[key].empty()) {
    fail(ErrorCode::invalid_file, "{}: \"{}\" must be a list", source, key);
  }
  std::vector<T> list;
  for (size_t i = 0; i < json[key].size(); ++i) {
    list.push_back(
        read(Entry(json[key][i], fmt::format("{}: {}[{}]", source, key, i))));
  }
  return list;
}

constexpr double kGigabyte = 1e9;

// Parameters by what a layer is made of.
int64_t attention_parameters(const CatalogueModel& m) {
  const int64_t q = m.heads * m.head_dim;
  const int64_t kv = m.kv_heads * m.head_dim;
  return m.hidden * q * (m.gated_attention ? 2 : 1) + 2 * m.hidden * kv +
      q * m.hidden;
}

int64_t linear_parameters(const CatalogueModel& m) {
  const int64_t keys = m.linear_key_heads * m.linear_head_dim;
  const int64_t values = m.linear_value_heads * m.linear_head_dim;
  return m.hidden * (2 * keys + values) + 2 * m.hidden * values +
      2 * m.hidden * m.linear_value_heads + (2 * keys + values) * m.conv_kernel;
}

int64_t mlp_parameters(const CatalogueModel& m) {
  return m.experts == 0
      ? 3 * m.hidden * m.intermediate
      : 3 * m.hidden * m.shared_intermediate + m.hidden * (m.experts + 1);
}

int64_t expert_parameters(const CatalogueModel& m, int64_t experts) {
  return experts * 3 * m.hidden * m.moe_intermediate;
}

int64_t full_layers(const CatalogueModel& m) {
  return m.layers / m.full_attention_interval;
}

int64_t body_parameters(const CatalogueModel& m, int64_t experts) {
  return full_layers(m) * attention_parameters(m) +
      (m.layers - full_layers(m)) * linear_parameters(m) +
      m.layers * (mlp_parameters(m) + expert_parameters(m, experts));
}

}  // namespace

int64_t CatalogueModel::parameters() const {
  return body_parameters(*this, experts) + vocabulary * hidden * (tied ? 1 : 2);
}

int64_t CatalogueModel::active_parameters() const {
  return body_parameters(*this, active_experts) + vocabulary * hidden;
}

ModelShape CatalogueModel::shape(
    const CatalogueQuantization& quantization) const {
  const auto bytes = [&](int64_t values) {
    return static_cast<int64_t>(
        static_cast<double>(values) * quantization.bits_per_weight() / 8);
  };
  ModelShape shape;
  shape.family = name;
  shape.context_tokens = context_tokens;
  shape.vocabulary = vocabulary;
  shape.hidden = hidden;
  shape.heads = heads;
  shape.head_dim = head_dim;
  const int64_t q = heads * head_dim * (gated_attention ? 2 : 1);
  const int64_t widest_mlp =
      experts == 0 ? intermediate : active_experts * moe_intermediate;
  const int64_t linear_values = linear_value_heads * linear_head_dim;
  const int64_t linear_width =
      2 * linear_key_heads * linear_head_dim + 2 * linear_values;
  shape.widest_input = std::max({hidden, widest_mlp, heads * head_dim});
  shape.widest_output =
      std::max({2 * widest_mlp, q + 2 * kv_heads * head_dim, linear_width});
  shape.layer_values = 3 * hidden + heads * head_dim + shape.widest_output +
      std::max(q + 2 * kv_heads * head_dim, 2 * widest_mlp);
  // float32: the delta rule's matrix of each head, and the convolution's last
  // inputs.
  const int64_t state = 4 *
      (linear_value_heads * linear_head_dim * linear_head_dim +
       (conv_kernel - 1) * (linear_width - linear_values));
  for (int64_t i = 0; i < layers; ++i) {
    const bool full = (i + 1) % full_attention_interval == 0;
    LayerShape layer;
    layer.kind = full ? LayerKind::full_attention : LayerKind::recurrent;
    layer.kv_heads = full ? kv_heads : 0;
    layer.head_dim = full ? head_dim : 0;
    layer.state_bytes = full ? 0 : state;
    layer.experts = experts;
    layer.active_experts = active_experts;
    layer.weight_bytes = bytes(
        (full ? attention_parameters(*this) : linear_parameters(*this)) +
        mlp_parameters(*this) + expert_parameters(*this, experts));
    shape.layers.push_back(layer);
  }
  shape.parameters = parameters();
  shape.weight_bytes = bytes(shape.parameters);
  shape.embedding_bytes = tied ? 0 : bytes(vocabulary * hidden);
  return shape;
}

Catalogue read_catalogue(std::string_view text, std::string_view source) {
  const Json json = parse_json(text, source);
  Catalogue catalogue;
  catalogue.quantizations = read_list<CatalogueQuantization>(
      json, "quantizations", source, read_quantization);
  catalogue.models =
      read_list<CatalogueModel>(json, "models", source, read_model);
  catalogue.machines = read_list<CatalogueMachine>(
      json, "machines", source, [](const Entry& entry) {
        return CatalogueMachine{
            .name = entry.text("name"),
            .source = entry.text("source"),
            .up_to_ram_bytes = entry.integer("up_to_ram_gib") << 30,
            .bytes_per_second = entry.number("bandwidth_gb_s") * kGigabyte};
      });
  if (!json.contains("cloud")) {
    fail(ErrorCode::invalid_file, "{}: \"cloud\" is missing", source);
  }
  const Entry cloud(json["cloud"], fmt::format("{}: cloud", source));
  catalogue.cloud = {
      .gpu = cloud.text("gpu"),
      .source = cloud.text("source"),
      .bytes_per_second = cloud.number("bandwidth_gb_s") * kGigabyte,
      .dollars_per_hour = cloud.number("dollars_per_hour"),
      .batch = cloud.number("batch"),
      .efficiency = cloud.number("efficiency")};
  catalogue.rules =
      read_list<AdviceRule>(json, "rules", source, [](const Entry& entry) {
        return AdviceRule{
            .id = entry.text("id"),
            .text = entry.text("text"),
            .source = entry.text("source")};
      });
  return catalogue;
}

const AdviceRule& Catalogue::rule(std::string_view id) const {
  for (const AdviceRule& known : rules) {
    if (known.id == id) {
      return known;
    }
  }
  fail(ErrorCode::internal, "no rule of advice is called \"{}\"", id);
}

const Catalogue& built_in_catalogue() {
  static const Catalogue catalogue =
      read_catalogue(catalogue_text(), "data/catalogue.json");
  return catalogue;
}

}  // namespace bantam
