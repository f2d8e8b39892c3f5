// SPDX-License-Identifier: MIT
#include "models/tensor_census.h"

#include <charconv>
#include <optional>

#include "weights/quantization_config.h"

namespace bantam {

namespace {

constexpr std::array<std::string_view, kTensorRoles> kRoleNames{
    "embedding",
    "lm_head",
    "attention",
    "recurrent",
    "mlp",
    "experts",
    "router",
    "norm",
    "vision",
    "prediction",
    "other"};

struct RolePattern {
  std::string_view piece;  // of the name
  TensorRole role;
};

// The first that is found decides. Names of Hugging Face, MLX and GGUF.
constexpr RolePattern kRolePatterns[] = {
    {"vision_tower", TensorRole::vision},
    {"visual.", TensorRole::vision},
    {"vision_model", TensorRole::vision},
    {"vision_embed", TensorRole::vision},
    {"audio_tower", TensorRole::vision},
    {"multi_modal_projector", TensorRole::vision},
    {"mm_projector", TensorRole::vision},
    {"embed_vision", TensorRole::vision},
    {"embed_audio", TensorRole::vision},
    {"mm.", TensorRole::vision},
    {"v.blk.", TensorRole::vision},
    {"mtp.", TensorRole::prediction},
    {".nextn.", TensorRole::prediction},
    {"layernorm", TensorRole::norm},
    {"_norm", TensorRole::norm},
    {".norm", TensorRole::norm},
    {"norm.weight", TensorRole::norm},
    {"ln_", TensorRole::norm},
    {"embed_tokens", TensorRole::embedding},
    {"token_embd", TensorRole::embedding},
    {"word_embeddings", TensorRole::embedding},
    {"wte", TensorRole::embedding},
    {"wpe", TensorRole::embedding},
    {"embed_in", TensorRole::embedding},
    {"lm_head", TensorRole::lm_head},
    {"embed_out", TensorRole::lm_head},
    {"shared_expert_gate", TensorRole::router},
    {"ffn_gate_inp", TensorRole::router},
    {"mlp.gate.", TensorRole::router},
    {"block_sparse_moe.gate.", TensorRole::router},
    {"feed_forward.router", TensorRole::router},
    {"mlp.router", TensorRole::router},
    {"exp_probs", TensorRole::router},
    {"shared_expert", TensorRole::mlp},
    {"_shexp", TensorRole::mlp},
    {"experts.", TensorRole::experts},
    {"switch_mlp", TensorRole::experts},
    {"_exps", TensorRole::experts},
    {"linear_attn", TensorRole::recurrent},
    {"ssm_", TensorRole::recurrent},
    {"mamba", TensorRole::recurrent},
    {".mixer.", TensorRole::recurrent},
    {"time_mix", TensorRole::recurrent},
    {"short_conv", TensorRole::recurrent},
    {"shortconv", TensorRole::recurrent},
    {"attn", TensorRole::attention},
    {"attention", TensorRole::attention},
    {"mlp", TensorRole::mlp},
    {"ffn", TensorRole::mlp},
    {"feed_forward", TensorRole::mlp},
    {"fc1", TensorRole::mlp},
    {"fc2", TensorRole::mlp},
};

TensorRole role_of(std::string_view name) {
  for (const RolePattern& pattern : kRolePatterns) {
    if (name.find(pattern.piece) != name.npos) {
      return pattern.role;
    }
  }
  // GGUF's output head is called just "output".
  return name.starts_with("output.") ? TensorRole::lm_head : TensorRole::other;
}

// The number after "layers." or "blk.".
int64_t layer_of(std::string_view name) {
  for (const std::string_view key : {"layers.", "blk.", ".h.", "blocks."}) {
    const size_t at = name.find(key);
    if (at == name.npos) {
      continue;
    }
    const char* begin = name.data() + at + key.size();
    int64_t layer = -1;
    const auto read = std::from_chars(begin, name.data() + name.size(), layer);
    if (read.ec == std::errc() && layer >= 0) {
      return layer;
    }
  }
  return -1;
}

bool take_suffix(std::string_view& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) {
    return false;
  }
  name.remove_suffix(suffix.size());
  return true;
}

// Tensors that hold scales and indices of another one, not parameters.
constexpr std::string_view kParts[] = {
    ".scales",
    ".biases",
    ".qzeros",
    ".g_idx",
    ".weight_scale",
    ".weight_scale_2",
    ".weight_scale_inv",
    ".weight_zero_point",
    ".weight_shape",
    ".weight_global_scale",
    ".input_scale",
    ".global_scale",
    "_scales",
};

class Census {
 public:
  explicit Census(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {
    try {
      quantization_ = read_quantization_config(checkpoint.config(), "");
    } catch (const Error&) {
      // Whoever loads the model will say so; names and types remain.
    }
  }

  TensorCensus take() {
    for (const Tensor* tensor : checkpoint_.tensors()) {
      if (!is_part(tensor->name)) {
        add(*tensor);
      }
    }
    for (const Tensor* tensor : checkpoint_.tensors()) {
      if (is_part(tensor->name)) {
        add_part(*tensor);
      }
    }
    for (const CensusModule& module : census_.modules) {
      RoleTotal& total = census_.totals[static_cast<size_t>(module.role)];
      total.values += module.values;
      total.bytes += module.bytes;
    }
    return std::move(census_);
  }

 private:
  bool is_part(std::string_view name) const {
    for (const std::string_view part : kParts) {
      if (name.ends_with(part) && !checkpoint_.is_gguf()) {
        return true;
      }
    }
    return false;
  }

  void add(const Tensor& tensor) {
    std::string_view path = tensor.name;
    const bool packed =
        take_suffix(path, ".qweight") || take_suffix(path, ".weight_packed");
    const bool weight =
        packed || take_suffix(path, ".weight") || take_suffix(path, "_blocks");
    CensusModule module{
        .path = std::string(path),
        .role = role_of(tensor.name),
        .type = tensor.type,
        .values = tensor.values(),
        .bytes = static_cast<int64_t>(tensor.bytes.size()),
        .layer = layer_of(tensor.name)};
    if (weight) {
      count_packed(tensor, packed, module);
    }
    by_path_.emplace(module.path, census_.modules.size());
    census_.modules.push_back(std::move(module));
  }

  // Words that hold several values each.
  void count_packed(const Tensor& tensor, bool packed, CensusModule& module) {
    const bool words = tensor.type == TensorType::u32 ||
        (packed && tensor.type == TensorType::i32);
    if (!words || checkpoint_.is_gguf() || tensor.shape.empty()) {
      return;
    }
    if (const auto format = affine_format(module.path, tensor)) {
      module.bits = format->bits;
      module.group = format->group;
      module.mode = format->mode;
      module.values = tensor.values() * 32 / format->bits;
      return;
    }
    if (const auto bits = foreign_bits()) {
      module.bits = *bits;
      module.values = tensor.values() * 32 / *bits;
      return;
    }
    census_.doubts.push_back(
        fmt::format(
            "{}: how many values a word holds is not known", tensor.name));
  }

  // As config.json says; else what the shapes of weight and scales allow.
  std::optional<MlxFormat> affine_format(
      const std::string& path,
      const Tensor& weight) const {
    const Tensor* scales = checkpoint_.find(path + ".scales");
    if (scales == nullptr || scales->shape.empty()) {
      return std::nullopt;
    }
    std::optional<MlxFormat> format = quantization_.defaults;
    const auto entry = quantization_.modules.find(path);
    if (entry != quantization_.modules.end()) {
      format = entry->second;
    }
    if (!format || format->bits < 1 || format->bits > 32 || format->group < 1 ||
        weight.shape.back() * 32 !=
            scales->shape.back() * format->group * format->bits) {
      return std::nullopt;
    }
    return format;
  }

  // Of GPTQ, AWQ and their kin, which name one number of bits for all.
  std::optional<int64_t> foreign_bits() const {
    const Json& config = checkpoint_.config();
    if (!config.is_object() || !config.contains("quantization_config") ||
        !config["quantization_config"].is_object()) {
      return std::nullopt;
    }
    const Json& entry = config["quantization_config"];
    for (const char* key : {"bits", "w_bit"}) {
      if (entry.contains(key) && entry[key].is_number_integer()) {
        const int64_t bits = entry[key].get<int64_t>();
        if (bits >= 1 && bits <= 32) {
          return bits;
        }
      }
    }
    return std::nullopt;
  }

  void add_part(const Tensor& tensor) {
    for (std::string_view part : kParts) {
      std::string_view path = tensor.name;
      if (!take_suffix(path, part)) {
        continue;
      }
      const auto found = by_path_.find(std::string(path));
      if (found != by_path_.end()) {
        census_.modules[found->second].bytes +=
            static_cast<int64_t>(tensor.bytes.size());
        return;
      }
    }
    census_.modules.push_back(
        {.path = tensor.name,
         .role = role_of(tensor.name),
         .type = tensor.type,
         .bytes = static_cast<int64_t>(tensor.bytes.size()),
         .layer = layer_of(tensor.name)});
  }

  const Checkpoint& checkpoint_;
  QuantizationConfig quantization_;
  TensorCensus census_;
  std::unordered_map<std::string, size_t> by_path_;
};

}  // namespace

std::string_view role_name(TensorRole role) {
  return kRoleNames[static_cast<size_t>(role)];
}

int64_t TensorCensus::values() const {
  int64_t sum = 0;
  for (const RoleTotal& total : totals) {
    sum += total.values;
  }
  return sum;
}

int64_t TensorCensus::bytes() const {
  int64_t sum = 0;
  for (const RoleTotal& total : totals) {
    sum += total.bytes;
  }
  return sum;
}

TensorCensus take_census(const Checkpoint& checkpoint) {
  return Census(checkpoint).take();
}

}  // namespace bantam
