// SPDX-License-Identifier: MIT
#include "models/weight_source.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/size.h"
#include "weights/byte_cursor.h"

namespace bantam {

namespace {

// What GGUF calls the parts that most families share.
constexpr std::array kCommonNames{
    GgufName{"embed_tokens", "token_embd"},
    GgufName{"norm", "output_norm"},
    GgufName{"lm_head", "output"},
    GgufName{"input_layernorm", "attn_norm"},
    GgufName{"post_attention_layernorm", "ffn_norm"},
    GgufName{"self_attn.q_proj", "attn_q"},
    GgufName{"self_attn.k_proj", "attn_k"},
    GgufName{"self_attn.v_proj", "attn_v"},
    GgufName{"self_attn.o_proj", "attn_output"},
    GgufName{"self_attn.q_norm", "attn_q_norm"},
    GgufName{"self_attn.k_norm", "attn_k_norm"},
    GgufName{"mlp.gate_proj", "ffn_gate"},
    GgufName{"mlp.up_proj", "ffn_up"},
    GgufName{"mlp.down_proj", "ffn_down"},
};

// Where a folder may keep the language model: alone, as MLX names it beside a
// vision tower, and as Hugging Face does.
struct Root {
  std::string_view model;
  std::string_view head;
};
constexpr std::array kRoots{
    Root{"model.", ""},
    Root{"language_model.model.", "language_model."},
    Root{"model.language_model.", ""},
};

// Parts of a checkpoint that answering text does not need, by a piece of
// their tensors' names. What has no name of its own is not worth a word:
// tables that can be computed, or that the configuration's reader used.
struct OtherPart {
  std::string_view name;
  std::string_view in_names;
};
constexpr std::array kOtherParts{
    OtherPart{"vision tower", "vision_tower."},
    OtherPart{"vision tower", "model.visual."},
    OtherPart{"vision tower", "vision_model."},
    OtherPart{"vision projector", "multi_modal_projector."},
    OtherPart{"audio tower", "audio_tower."},
    OtherPart{"vision projector", "embed_vision."},
    OtherPart{"audio projector", "embed_audio."},
    OtherPart{"multi-token prediction head", "mtp."},
    OtherPart{"multi-token prediction head", ".nextn."},
    OtherPart{"", "rotary_emb.inv_freq"},
    OtherPart{"", "rope_freqs."},
    // A tied head that was saved all the same.
    OtherPart{"output head (tied to the embedding)", "lm_head."},
};

std::string_view translated(
    std::string_view path,
    std::span<const GgufName> names) {
  for (const GgufName& name : names) {
    if (name.path == path) {
      return name.gguf;
    }
  }
  return {};
}

}  // namespace

WeightSource::WeightSource(
    const Checkpoint& checkpoint,
    std::vector<GgufName> names)
    : checkpoint_(checkpoint), names_(std::move(names)) {
  if (checkpoint.is_gguf()) {
    checkpoint.at("token_embd.weight");
    return;
  }
  for (const Root& root : kRoots) {
    root_ = root.model;
    head_root_ = root.head;
    if (checkpoint.find(root_ + "embed_tokens.weight") != nullptr) {
      return;
    }
  }
  checkpoint.at("model.embed_tokens.weight");  // says that it is missing
}

std::string WeightSource::name_of(std::string_view path) const {
  if (!checkpoint_.is_gguf()) {
    const bool is_head = path.starts_with("lm_head");
    return (is_head ? head_root_ : root_) + std::string(path);
  }
  std::string prefix;
  constexpr std::string_view kLayers = "layers.";
  if (path.starts_with(kLayers)) {
    const size_t dot = path.find('.', kLayers.size());
    prefix = fmt::format(
        "blk.{}.", path.substr(kLayers.size(), dot - kLayers.size()));
    path.remove_prefix(dot + 1);
  }
  std::string_view name = translated(path, names_);
  if (name.empty()) {
    name = translated(path, kCommonNames);
  }
  return prefix + std::string(name.empty() ? path : name);
}

bool WeightSource::has(std::string_view path) const {
  return checkpoint_.find(name_of(path) + ".weight") != nullptr;
}

const Tensor* WeightSource::find(std::string_view name) const {
  return checkpoint_.find(name_of(name));
}

void WeightSource::mark_used(std::string_view name) {
  if (const Tensor* found = checkpoint_.find(name)) {
    used_.insert(found);
  }
}

void WeightSource::count(const kernels::WeightMatrix& matrix) {
  parameters_ += matrix.rows * matrix.cols;
  matrix_bytes_ += matrix.bytes();
}

kernels::WeightMatrix WeightSource::matrix(
    const std::string& path,
    int64_t rows,
    int64_t cols) {
  const std::string name = name_of(path);
  const kernels::WeightMatrix matrix = checkpoint_.matrix(name, rows, cols);
  for (const char* part : {".weight", ".scales", ".biases"}) {
    mark_used(name + part);
  }
  count(matrix);
  return matrix;
}

kernels::WeightMatrix WeightSource::row(const std::string& path, int64_t cols) {
  const std::string name = name_of(path);
  const kernels::WeightMatrix matrix = checkpoint_.row_matrix(name, cols);
  mark_used(name + ".weight");
  count(matrix);
  return matrix;
}

std::vector<kernels::WeightMatrix> WeightSource::matrices(
    const std::string& path,
    int64_t count_of,
    int64_t rows,
    int64_t cols) {
  const std::string name = name_of(path);
  const kernels::WeightMatrix all =
      checkpoint_.stacked_matrix(name, count_of, rows, cols);
  for (const char* part : {"", ".weight", ".scales", ".biases"}) {
    mark_used(name + part);
  }
  count(all);
  std::vector<kernels::WeightMatrix> parts;
  for (int64_t i = 0; i < count_of; ++i) {
    parts.push_back(all.slice(i * rows, rows));
  }
  return parts;
}

namespace {

void require(
    const Tensor& tensor,
    std::initializer_list<int64_t> shape,
    std::string_view types,
    bool type_fits) {
  if (!type_fits || !std::ranges::equal(tensor.shape, shape)) {
    fail(
        ErrorCode::invalid_file,
        "{}: tensor {} at byte {} is {} {}, but the configuration makes it {} "
        "{}",
        tensor.file,
        in_quotes(tensor.name),
        tensor.file_offset,
        layout_of(tensor.type).name,
        shape_text(tensor.shape),
        types,
        shape_text(std::vector<int64_t>(shape)));
  }
}

}  // namespace

std::vector<kernels::WeightMatrix> WeightSource::mxfp4_blocks(
    const std::string& path,
    int64_t count_of,
    int64_t rows,
    int64_t cols) {
  constexpr int64_t kGroup = 32;
  if (cols % kGroup != 0) {
    fail(
        ErrorCode::invalid_file,
        "{}: {} has rows of {} values, which do not divide into groups of {}",
        checkpoint_.path(),
        in_quotes(path),
        cols,
        kGroup);
  }
  const std::string name = name_of(path);
  const Tensor& blocks = checkpoint_.at(name + "_blocks");
  const Tensor& scales = checkpoint_.at(name + "_scales");
  const int64_t groups = cols / kGroup;
  const auto is_bytes = [](const Tensor& tensor) {
    return tensor.type == TensorType::u8;
  };
  require(blocks, {count_of, rows, groups, kGroup / 2}, "U8", is_bytes(blocks));
  require(scales, {count_of, rows, groups}, "U8", is_bytes(scales));
  kernels::WeightMatrix all;
  all.format = kernels::WeightFormat::mlx_mxfp4;  // the same nibbles
  all.rows = count_of * rows;
  all.cols = cols;
  all.data = blocks.bytes.data();
  all.row_bytes = kernels::row_bytes(all.format, cols);
  all.bits = 4;
  all.group = kGroup;
  all.scales = scales.bytes.data();
  used_.insert({&blocks, &scales});
  count(all);
  std::vector<kernels::WeightMatrix> parts;
  for (int64_t i = 0; i < count_of; ++i) {
    parts.push_back(all.slice(i * rows, rows));
  }
  return parts;
}

kernels::WeightMatrix WeightSource::float_table(
    const std::string& name,
    int64_t rows,
    int64_t cols) {
  using kernels::WeightFormat;
  const Tensor& tensor = checkpoint_.at(name_of(name));
  kernels::WeightMatrix table;
  table.format = tensor.type == TensorType::f16 ? WeightFormat::f16
      : tensor.type == TensorType::bf16         ? WeightFormat::bf16
                                                : WeightFormat::f32;
  const bool is_float =
      tensor.type == TensorType::f32 || table.format != WeightFormat::f32;
  require(tensor, {rows, cols}, "F32, F16 or BF16", is_float);
  table.rows = rows;
  table.cols = cols;
  table.data = tensor.bytes.data();
  table.row_bytes = kernels::row_bytes(table.format, cols);
  used_.insert(&tensor);
  count(table);
  return table;
}

std::vector<float> WeightSource::norm(const std::string& path, int64_t size) {
  const std::string name = name_of(path) + ".weight";
  mark_used(name);
  parameters_ += size;
  std::vector<float> weight = checkpoint_.vector(name, size);
  for (float& value : weight) {
    value += norm_offset_;
  }
  return weight;
}

std::vector<float> WeightSource::bias(
    const std::string& path,
    int64_t size,
    bool required) {
  const std::string name = name_of(path) + ".bias";
  if (!required && checkpoint_.find(name) == nullptr) {
    return {};
  }
  mark_used(name);
  parameters_ += size;
  return checkpoint_.vector(name, size);
}

std::vector<float> WeightSource::values(const std::string& name, int64_t size) {
  const std::string full = name_of(name);
  mark_used(full);
  parameters_ += size;
  return checkpoint_.vector(full, size);
}

std::vector<float> WeightSource::any_shape(
    const std::string& name,
    int64_t size) {
  const Tensor& tensor = checkpoint_.at(name_of(name));
  if (tensor.values() != size) {
    fail(
        ErrorCode::invalid_file,
        "{}: tensor {} at byte {} is {}, but the configuration makes it {} "
        "values",
        tensor.file,
        in_quotes(tensor.name),
        tensor.file_offset,
        shape_text(tensor.shape),
        size);
  }
  used_.insert(&tensor);
  parameters_ += size;
  return checkpoint_.values(tensor);
}

// Empty: the part is not worth a word. Throws if no part explains the tensor.
std::string_view WeightSource::part_of(const Tensor& tensor) const {
  for (const UnusedPart& unused : unused_) {
    if (tensor.name.starts_with(unused.prefix)) {
      return unused.part;
    }
  }
  for (const OtherPart& other : kOtherParts) {
    if (tensor.name.find(other.in_names) != std::string::npos) {
      return other.name;
    }
  }
  fail(
      ErrorCode::invalid_file,
      "{}: tensor {} at byte {} has no place in the model that the "
      "configuration describes: the two contradict each other (another number "
      "of layers, another architecture?)",
      tensor.file,
      in_quotes(tensor.name),
      tensor.file_offset);
}

std::vector<std::string> WeightSource::finish() const {
  struct Total {
    int64_t tensors = 0;
    int64_t bytes = 0;
  };
  std::map<std::string_view, Total> unused;
  for (const Tensor* tensor : checkpoint_.tensors()) {
    if (used_.contains(tensor)) {
      continue;
    }
    const std::string_view part = part_of(*tensor);
    if (!part.empty()) {
      ++unused[part].tensors;
      unused[part].bytes += static_cast<int64_t>(tensor->bytes.size());
    }
  }
  std::vector<std::string> lines;
  for (const auto& [part, total] : unused) {
    lines.push_back(
        fmt::format(
            "{}: not used ({} tensors, {})",
            part,
            total.tensors,
            format_size(total.bytes)));
  }
  return lines;
}

}  // namespace bantam
