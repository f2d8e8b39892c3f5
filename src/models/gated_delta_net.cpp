// SPDX-License-Identifier: MIT
#include "models/gated_delta_net.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "kernels/scalar_math.h"

namespace bantam {

namespace {

using kernels::DeltaLayout;
using kernels::DeltaShape;

void check(const DeltaShape& shape, const std::string& source) {
  if (shape.value_heads % shape.key_heads != 0) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} linear value heads cannot share {} linear key heads",
        source,
        shape.value_heads,
        shape.key_heads);
  }
  constexpr int64_t kMaxTaps = 64;
  if (shape.taps < 2 || shape.taps > kMaxTaps) {
    fail(
        ErrorCode::unsupported,
        "{}: a convolution over {} tokens (2 to {} are supported)",
        source,
        shape.taps,
        kMaxTaps);
  }
}

// Every `interval`-th layer is full attention.
std::vector<bool> all_but_every(int64_t interval, int64_t layers) {
  std::vector<bool> is_linear;
  for (int64_t i = 0; i < layers; ++i) {
    is_linear.push_back((i + 1) % interval != 0);
  }
  return is_linear;
}

constexpr int64_t kUsualInterval = 4;

DeltaConfig delta_from_json(const JsonConfig& json, int64_t layers) {
  const auto required = [&](std::string_view key) {
    return positive(json.integer(key), key, json.source());
  };
  DeltaConfig config;
  config.shape = {
      .key_heads = required("linear_num_key_heads"),
      .value_heads = required("linear_num_value_heads"),
      .key_dim = required("linear_key_head_dim"),
      .value_dim = required("linear_value_head_dim"),
      .taps = required("linear_conv_kernel_dim")};
  config.is_linear = layers_of_type(json, "linear_attention", layers);
  if (config.is_linear.empty()) {
    const int64_t interval = positive(
        json.integer("full_attention_interval").value_or(kUsualInterval),
        "full_attention_interval",
        json.source());
    config.is_linear = all_but_every(interval, layers);
  }
  return config;
}

DeltaConfig delta_from_gguf(const Checkpoint& checkpoint, int64_t layers) {
  const GgufFile& gguf = *checkpoint.gguf();
  const auto required = [&](std::string_view name) {
    const std::string key = gguf_key(checkpoint, name);
    return positive(gguf.integer(key), key, gguf.path());
  };
  DeltaConfig config;
  config.shape = {
      .key_heads = required("ssm.group_count"),
      .value_heads = required("ssm.time_step_rank"),
      .key_dim = required("ssm.state_size"),
      .value_dim = required("ssm.inner_size") / required("ssm.time_step_rank"),
      .taps = required("ssm.conv_kernel")};
  const std::string key = gguf_key(checkpoint, "attention.recurrent_layers");
  const GgufValue* listed = gguf.find(key);
  if (listed == nullptr) {
    const auto interval =
        gguf.integer(gguf_key(checkpoint, "full_attention_interval"));
    config.is_linear = all_but_every(
        positive(
            interval.value_or(kUsualInterval),
            "full_attention_interval",
            gguf.path()),
        layers);
    return config;
  }
  const auto* flags = std::get_if<std::vector<bool>>(listed);
  if (flags == nullptr || static_cast<int64_t>(flags->size()) < layers) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} must say for each of {} layers whether it is recurrent",
        gguf.path(),
        key,
        layers);
  }
  config.is_linear.assign(flags->begin(), flags->begin() + layers);
  return config;
}

// Where each head lies in the projections' output, side by side.
DeltaLayout layout_of(const DeltaConfig& config) {
  const DeltaShape& shape = config.shape;
  const int64_t members = shape.members();
  const int64_t keys = shape.key_heads * shape.key_dim;
  const int64_t values = shape.value_heads * shape.value_dim;
  const int64_t k = shape.key_dim;
  const int64_t v = shape.value_dim;
  DeltaLayout layout;
  layout.width = shape.channels() + values + 2 * shape.value_heads;
  const int64_t gates = shape.channels() + values;
  // Steps between groups and between members, in heads.
  const int64_t group = config.is_tiled ? 1 : members;
  const int64_t member = config.is_tiled ? shape.key_heads : 1;
  const auto place = [&](int64_t first, int64_t dim) {
    return kernels::HeadPlace{
        .first = first, .group = group * dim, .member = member * dim};
  };
  layout.out = place(0, v);
  if (config.is_qkvz_fused) {
    // [q, k, v of all members, z of all members] of each key head.
    const int64_t head = 2 * k + 2 * members * v;
    layout.q = {.first = 0, .group = head};
    layout.k = {.first = k, .group = head};
    layout.v = {.first = 2 * k, .group = head, .member = v};
    layout.z = {.first = 2 * k + members * v, .group = head, .member = v};
  } else {
    layout.q = {.first = 0, .group = k};
    layout.k = {.first = keys, .group = k};
    layout.v = place(2 * keys, v);
    layout.z = place(shape.channels(), v);
  }
  if (config.is_ba_fused) {
    // [beta of all members, alpha of all members] of each key head.
    layout.beta = {.first = gates, .group = 2 * members, .member = 1};
    layout.alpha = {
        .first = gates + members, .group = 2 * members, .member = 1};
  } else {
    layout.beta = place(gates, 1);
    layout.alpha = place(gates + shape.value_heads, 1);
  }
  return layout;
}

// Values of the value heads, `dim` each, in DeltaShape's order.
std::vector<float> in_order(
    const std::vector<float>& stored,
    int64_t dim,
    const DeltaConfig& config) {
  if (!config.is_tiled) {
    return stored;
  }
  const DeltaShape& shape = config.shape;
  std::vector<float> ordered;
  ordered.reserve(stored.size());
  for (int64_t head = 0; head < shape.value_heads; ++head) {
    const int64_t tile =
        head % shape.members() * shape.key_heads + head / shape.members();
    const auto from = stored.begin() + tile * dim;
    ordered.insert(ordered.end(), from, from + dim);
  }
  return ordered;
}

// [channels, taps] in the file -> [taps, channels].
std::vector<float> read_conv(
    WeightSource& source,
    const std::string& layer,
    const DeltaConfig& config) {
  const DeltaShape& shape = config.shape;
  const int64_t keys = 2 * shape.key_heads * shape.key_dim * shape.taps;
  std::vector<float> stored = source.any_shape(
      layer + "linear_attn.conv1d.weight", shape.channels() * shape.taps);
  const std::vector<float> values = in_order(
      {stored.begin() + keys, stored.end()},
      shape.value_dim * shape.taps,
      config);
  std::ranges::copy(values, stored.begin() + keys);
  std::vector<float> conv(stored.size());
  for (int64_t c = 0; c < shape.channels(); ++c) {
    for (int64_t j = 0; j < shape.taps; ++j) {
      conv[j * shape.channels() + c] = stored[c * shape.taps + j];
    }
  }
  return conv;
}

nn::DeltaParameters read_parameters(
    const BlockReader& reader,
    const std::string& layer,
    const DeltaConfig& config) {
  WeightSource& source = reader.source;
  const DeltaShape& shape = config.shape;
  const std::string path = layer + "linear_attn.";
  nn::DeltaParameters parameters;
  parameters.conv = read_conv(source, layer, config);
  parameters.decay_rate =
      in_order(source.values(path + "A_log", shape.value_heads), 1, config);
  if (!source.checkpoint().is_gguf()) {  // converters store -exp(A_log)
    for (float& rate : parameters.decay_rate) {
      rate = static_cast<float>(-kernels::steady_exp(rate));
    }
  }
  parameters.dt_bias =
      in_order(source.values(path + "dt_bias", shape.value_heads), 1, config);
  // Not among the norms that raw checkpoints store less one.
  parameters.norm = source.values(path + "norm.weight", shape.value_dim);
  parameters.eps = reader.config.rms_norm_eps;
  return parameters;
}

std::vector<nn::Linear> read_projections(
    const BlockReader& reader,
    const std::string& layer,
    const DeltaConfig& config) {
  const DeltaShape& shape = config.shape;
  const int64_t hidden = reader.config.hidden_size;
  const int64_t values = shape.value_heads * shape.value_dim;
  const std::string path = layer + "linear_attn.";
  std::vector<nn::Linear> projections;
  const auto project = [&](const char* name, int64_t rows) {
    projections.push_back(reader.linear(path + name, rows, hidden));
  };
  if (config.is_qkvz_fused) {
    project("in_proj_qkvz", shape.channels() + values);
  } else {
    project("in_proj_qkv", shape.channels());
    project("in_proj_z", values);
  }
  if (config.is_ba_fused) {
    project("in_proj_ba", 2 * shape.value_heads);
  } else {
    project("in_proj_b", shape.value_heads);
    project("in_proj_a", shape.value_heads);
  }
  return projections;
}

}  // namespace

DeltaConfig read_delta_config(
    const Checkpoint& checkpoint,
    const DecoderConfig& config) {
  const int64_t layers = config.num_hidden_layers;
  const DeltaConfig delta = checkpoint.is_gguf()
      ? delta_from_gguf(checkpoint, layers)
      : delta_from_json(text_config(checkpoint), layers);
  check(delta.shape, config.source);
  return delta;
}

void find_fused_matrices(const WeightSource& source, DeltaConfig& delta) {
  const auto first = std::ranges::find(delta.is_linear, true);
  if (first != delta.is_linear.end()) {
    const std::string path =
        layer_path(first - delta.is_linear.begin()) + "linear_attn.";
    delta.is_qkvz_fused = source.has(path + "in_proj_qkvz");
    delta.is_ba_fused = source.has(path + "in_proj_ba");
  }
}

bool is_raw_delta_checkpoint(
    const WeightSource& source,
    const DeltaConfig& delta) {
  const auto first = std::ranges::find(delta.is_linear, true);
  if (source.checkpoint().is_gguf() || first == delta.is_linear.end()) {
    return false;
  }
  const Tensor* conv = source.find(
      layer_path(first - delta.is_linear.begin()) +
      "linear_attn.conv1d.weight");
  return conv != nullptr && conv->shape.size() == 3 && conv->shape[2] != 1;
}

GatedDeltaNet::GatedDeltaNet(
    BlockReader& reader,
    const std::string& layer,
    const DeltaConfig& config)
    : input_layernorm_(
          reader.norm(layer + "input_layernorm", reader.config.hidden_size)),
      in_proj_(read_projections(reader, layer, config)),
      delta_(
          config.shape,
          layout_of(config),
          read_parameters(reader, layer, config),
          reader.compute),
      out_proj_(reader.linear(
          layer + "linear_attn.out_proj",
          reader.config.hidden_size,
          config.shape.value_heads * config.shape.value_dim)) {
  nn::join_rows(in_proj_, reader.compute);
  reader.widen(delta_.layout().width, reader.config.hidden_size);
  // Projections, heads, sum.
  reader.emit(
      delta_.layout().width +
      config.shape.value_heads * config.shape.value_dim);
  reader.emit(reader.config.hidden_size);
  reader.shape.scratch_floats = std::max(
      reader.shape.scratch_floats, kernels::delta_scratch_floats(config.shape));
}

nn::mx::array GatedDeltaNet::forward(
    const nn::mx::array& x,
    nn::DeltaCache& cache,
    const nn::Compute& compute) const {
  const nn::mx::array mixed =
      nn::norm_project(x, input_layernorm_, in_proj_, 0, compute);
  return nn::project_add(
      nn::gated_delta(mixed, delta_, cache, compute),
      out_proj_,
      /* post_norm = */ nullptr,
      x,
      compute);
}

LayerShape delta_layer_shape(const DeltaConfig& config) {
  const int64_t conv = 4 * kernels::delta_conv_floats(config.shape);
  return {
      .kind = LayerKind::recurrent,
      .state_bytes = 4 * kernels::delta_recurrent_floats(config.shape) + conv,
      .conv_bytes = conv};
}

std::vector<GgufName> delta_gguf_names() {
  return {
      {"post_attention_layernorm", "post_attention_norm"},
      {"linear_attn.in_proj_qkv", "attn_qkv"},
      {"linear_attn.in_proj_z", "attn_gate"},
      {"linear_attn.in_proj_b", "ssm_beta"},
      {"linear_attn.in_proj_a", "ssm_alpha"},
      {"linear_attn.in_proj_ba", "ssm_ba"},
      {"linear_attn.out_proj", "ssm_out"},
      {"linear_attn.conv1d.weight", "ssm_conv1d.weight"},
      {"linear_attn.norm.weight", "ssm_norm.weight"},
      {"linear_attn.A_log", "ssm_a"},
      {"linear_attn.dt_bias", "ssm_dt.bias"}};
}

}  // namespace bantam
