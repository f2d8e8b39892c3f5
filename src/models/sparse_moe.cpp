// SPDX-License-Identifier: MIT
#include "models/sparse_moe.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"

namespace bantam {

namespace {

std::vector<bool> sparse_layers(const JsonConfig& json, int64_t layers) {
  const int64_t step = positive(
      json.integer("decoder_sparse_step").value_or(1),
      "decoder_sparse_step",
      json.source());
  std::vector<bool> is_sparse;
  for (int64_t i = 0; i < layers; ++i) {
    is_sparse.push_back((i + 1) % step == 0);
  }
  if (const Json* dense = json.find("mlp_only_layers")) {
    for (const Json& layer : *dense) {
      if (!layer.is_number_integer() || layer < 0 || layer >= layers) {
        fail(
            ErrorCode::invalid_file,
            "{}: \"mlp_only_layers\" names layer {}, but there are {}",
            json.source(),
            to_json_line(layer).substr(0, 20),
            layers);
      }
      is_sparse[layer.get<size_t>()] = false;
    }
  }
  return is_sparse;
}

void check(const MoeConfig& moe, const std::string& source) {
  if (moe.num_experts_per_tok > moe.num_experts) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} experts per token, but there are {}",
        source,
        moe.num_experts_per_tok,
        moe.num_experts);
  }
}

MoeConfig moe_from_json(
    const JsonConfig& json,
    int64_t layers,
    bool every_layer) {
  MoeConfig moe;
  if (json.integer("num_experts").value_or(0) == 0) {
    return moe;
  }
  const auto required = [&](std::string_view key) {
    return positive(json.integer(key), key, json.source());
  };
  moe.num_experts = required("num_experts");
  moe.num_experts_per_tok = required("num_experts_per_tok");
  moe.moe_intermediate_size = required("moe_intermediate_size");
  if (json.integer("shared_expert_intermediate_size").value_or(0) != 0) {
    moe.shared_expert_intermediate_size =
        required("shared_expert_intermediate_size");
  }
  moe.norm_topk_prob = json.boolean("norm_topk_prob").value_or(true);
  moe.is_sparse = every_layer ? std::vector<bool>(layers, true)
                              : sparse_layers(json, layers);
  return moe;
}

MoeConfig moe_from_gguf(const Checkpoint& checkpoint, int64_t layers) {
  const GgufFile& gguf = *checkpoint.gguf();
  const auto key = [&](std::string_view name) {
    return gguf_key(checkpoint, name);
  };
  const auto required = [&](std::string_view name) {
    return positive(gguf.integer(key(name)), key(name), gguf.path());
  };
  MoeConfig moe;
  if (gguf.integer(key("expert_count")).value_or(0) == 0) {
    return moe;
  }
  moe.num_experts = required("expert_count");
  moe.num_experts_per_tok = required("expert_used_count");
  moe.moe_intermediate_size = required("expert_feed_forward_length");
  moe.shared_expert_intermediate_size =
      gguf.integer(key("expert_shared_feed_forward_length")).value_or(0);
  moe.norm_topk_prob = gguf.boolean(key("expert_weights_norm")).value_or(true);
  for (int64_t i = 0; i < layers; ++i) {
    moe.is_sparse.push_back(
        checkpoint.find(fmt::format("blk.{}.ffn_gate_inp.weight", i)) !=
        nullptr);
  }
  return moe;
}

// Stacked (MLX, GGUF), one tensor for each expert, or gate and up in one 3-D
// tensor (raw checkpoints, old and new).
nn::ExpertMatrices read_matrices(
    WeightSource& source,
    const std::string& layer,
    const MoeConfig& moe,
    int64_t hidden) {
  const int64_t count = moe.num_experts;
  const int64_t width = moe.moe_intermediate_size;
  nn::ExpertMatrices matrices;
  const std::string fused = layer + "mlp.experts.gate_up_proj";
  if (source.find(fused) != nullptr) {
    for (const auto& both : source.matrices(fused, count, 2 * width, hidden)) {
      matrices.gate.push_back(both.slice(0, width));
      matrices.up.push_back(both.slice(width, width));
    }
    matrices.down =
        source.matrices(layer + "mlp.experts.down_proj", count, hidden, width);
    return matrices;
  }
  if (source.has(layer + "mlp.experts.0.gate_proj")) {
    for (int64_t e = 0; e < count; ++e) {
      const std::string expert = fmt::format("{}mlp.experts.{}.", layer, e);
      matrices.gate.push_back(
          source.matrix(expert + "gate_proj", width, hidden));
      matrices.up.push_back(source.matrix(expert + "up_proj", width, hidden));
      matrices.down.push_back(
          source.matrix(expert + "down_proj", hidden, width));
    }
    return matrices;
  }
  const std::string stack = layer + "mlp.switch_mlp.";
  matrices.gate = source.matrices(stack + "gate_proj", count, width, hidden);
  matrices.up = source.matrices(stack + "up_proj", count, width, hidden);
  matrices.down = source.matrices(stack + "down_proj", count, hidden, width);
  return matrices;
}

// One row, which GGUF stores as a vector.
nn::Linear read_shared_gate(
    const BlockReader& reader,
    const std::string& path) {
  const int64_t hidden = reader.config.hidden_size;
  const Tensor* tensor = reader.source.find(path + ".weight");
  const bool is_vector = tensor != nullptr && tensor->shape.size() == 1;
  return {
      is_vector ? reader.source.row(path, hidden)
                : reader.source.matrix(path, 1, hidden),
      {},
      reader.compute};
}

std::optional<nn::SharedExpert> read_shared(
    const BlockReader& reader,
    const std::string& layer,
    const MoeConfig& moe) {
  const int64_t width = moe.shared_expert_intermediate_size;
  const int64_t hidden = reader.config.hidden_size;
  if (width == 0) {
    return std::nullopt;
  }
  const std::string path = layer + "mlp.shared_expert.";
  return nn::SharedExpert{
      .gate_up =
          {reader.linear(path + "gate_proj", width, hidden),
           reader.linear(path + "up_proj", width, hidden)},
      .down = reader.linear(path + "down_proj", hidden, width),
      .gate = read_shared_gate(reader, layer + "mlp.shared_expert_gate")};
}

}  // namespace

MoeConfig read_moe_config(
    const Checkpoint& checkpoint,
    const DecoderConfig& config,
    bool every_layer) {
  const int64_t layers = config.num_hidden_layers;
  const MoeConfig moe = checkpoint.is_gguf()
      ? moe_from_gguf(checkpoint, layers)
      : moe_from_json(text_config(checkpoint), layers, every_layer);
  check(moe, config.source);
  return moe;
}

SparseMoe::SparseMoe(
    BlockReader& reader,
    const std::string& layer,
    const MoeConfig& moe)
    : SparseMoe(
          reader,
          moe,
          nn::Experts(
              reader.norm(
                  layer + "post_attention_layernorm",
                  reader.config.hidden_size),
              reader.linear(
                  layer + "mlp.gate",
                  moe.num_experts,
                  reader.config.hidden_size),
              read_matrices(
                  reader.source,
                  layer,
                  moe,
                  reader.config.hidden_size),
              read_shared(reader, layer, moe),
              {.active = moe.num_experts_per_tok,
               .normalize = moe.norm_topk_prob},
              reader.compute)) {}

SparseMoe::SparseMoe(
    BlockReader& reader,
    const MoeConfig& moe,
    nn::Experts experts)
    : experts_(std::move(experts)) {
  reader.widen(moe.moe_intermediate_size, reader.config.hidden_size);
  reader.widen(reader.config.hidden_size, moe.moe_intermediate_size);
  reader.emit(reader.config.hidden_size);
  ModelShape& shape = reader.shape;
  shape.scratch_floats =
      std::max(shape.scratch_floats, experts_.scratch_floats());
  shape.expert_input = std::max(
      {shape.expert_input,
       moe.moe_intermediate_size,
       moe.shared_expert_intermediate_size});
}

std::vector<GgufName> moe_gguf_names() {
  return {
      {"mlp.gate", "ffn_gate_inp"},
      {"mlp.switch_mlp.gate_proj", "ffn_gate_exps"},
      {"mlp.switch_mlp.up_proj", "ffn_up_exps"},
      {"mlp.switch_mlp.down_proj", "ffn_down_exps"},
      {"mlp.shared_expert.gate_proj", "ffn_gate_shexp"},
      {"mlp.shared_expert.up_proj", "ffn_up_shexp"},
      {"mlp.shared_expert.down_proj", "ffn_down_shexp"},
      {"mlp.shared_expert_gate", "ffn_gate_inp_shexp"},
      {"mlp.shared_expert_gate.weight", "ffn_gate_inp_shexp.weight"}};
}

}  // namespace bantam
