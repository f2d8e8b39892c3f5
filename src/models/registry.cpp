// SPDX-License-Identifier: MIT
#include "models/registry.h"

#include <array>
#include <string_view>

#include "base/error.h"
#include "base/suggest.h"
#include "models/config_reader.h"
#include "models/families.h"
#include "models/folder_export.h"
#include "models/mlx_lm_models.h"

namespace bantam {

namespace {

struct Family {
  std::string_view architecture;
  ModelShape (*describe)(const Checkpoint&);
  std::unique_ptr<Model> (*make)(const Checkpoint&, const nn::Compute&);
  FolderExport (*export_folder)(const Checkpoint&) = nullptr;  // it cannot
};

// An explicit table: a linker drops self-registering objects of a static
// library.
constexpr std::array kFamilies{
    Family{"llama", describe_llama, make_llama, export_llama},
    Family{"mistral", describe_llama, make_llama, export_llama},
    Family{"mistral3", describe_llama, make_llama},
    Family{"ministral3", describe_llama, make_llama},
    Family{"qwen2", describe_llama, make_llama},
    Family{"qwen3", describe_llama, make_llama},
    Family{"qwen3_moe", describe_qwen3_moe, make_qwen3_moe},
    Family{"qwen3moe", describe_qwen3_moe, make_qwen3_moe},
    Family{"qwen3_next", describe_qwen3_5, make_qwen3_5},
    Family{"qwen3next", describe_qwen3_5, make_qwen3_5},
    Family{"qwen3_5", describe_qwen3_5, make_qwen3_5},
    Family{"qwen3_5_text", describe_qwen3_5, make_qwen3_5},
    Family{"qwen3_5_moe", describe_qwen3_5, make_qwen3_5},
    Family{"qwen3_5_moe_text", describe_qwen3_5, make_qwen3_5},
    Family{"qwen35", describe_qwen3_5, make_qwen3_5},
    Family{"qwen35moe", describe_qwen3_5, make_qwen3_5},
    Family{"gemma3", describe_gemma3, make_gemma3},
    Family{"gemma3_text", describe_gemma3, make_gemma3},
    Family{"gemma4", describe_gemma4, make_gemma4},
    Family{"gemma4_text", describe_gemma4, make_gemma4},
    Family{"gpt_oss", describe_gpt_oss, make_gpt_oss},
    Family{"gpt-oss", describe_gpt_oss, make_gpt_oss},
};

const char* other_way(
    const Checkpoint& checkpoint,
    const std::string& architecture) {
  if (checkpoint.is_gguf()) {
    return "mlx-lm reads no GGUF files";
  }
  return mlx_lm_knows(architecture)
      ? "mlx-lm 0.32.2 knows it: --framework mlx-lm"
      : "mlx-lm 0.32.2 does not know it either";
}

const Family& family_of(const Checkpoint& checkpoint) {
  const std::string architecture = architecture_of(checkpoint);
  for (const Family& family : kFamilies) {
    if (family.architecture == architecture) {
      return family;
    }
  }
  const std::vector<std::string> known = supported_architectures();
  const std::string near = nearest(architecture, known);
  fail(
      ErrorCode::unsupported,
      "{}: architecture \"{}\" is not supported{}; {} (known: {})",
      checkpoint.path(),
      architecture,
      near.empty() ? "" : fmt::format("; the nearest is \"{}\"", near),
      other_way(checkpoint, architecture),
      fmt::join(known, ", "));
}

}  // namespace

std::string architecture_of(const Checkpoint& checkpoint) {
  std::optional<std::string> name = checkpoint.is_gguf()
      ? checkpoint.gguf()->string("general.architecture")
      : json_config(checkpoint).string("model_type");
  if (!name) {
    fail(
        ErrorCode::invalid_file,
        "{}: no {} says which architecture this is",
        checkpoint.path(),
        checkpoint.is_gguf() ? "general.architecture" : "\"model_type\"");
  }
  return *name;
}

bool is_supported(const std::string& architecture) {
  for (const Family& family : kFamilies) {
    if (family.architecture == architecture) {
      return true;
    }
  }
  return false;
}

std::vector<std::string> supported_architectures() {
  std::vector<std::string> names;
  for (const Family& family : kFamilies) {
    names.emplace_back(family.architecture);
  }
  return names;
}

ModelShape describe(const Checkpoint& checkpoint) {
  ModelShape shape = family_of(checkpoint).describe(checkpoint);
  shape.header_bytes = checkpoint.header_bytes();
  return shape;
}

FolderExport export_folder(const Checkpoint& checkpoint) {
  const Family& family = family_of(checkpoint);
  if (family.export_folder == nullptr) {
    fail(
        ErrorCode::unsupported,
        "{}: models of architecture \"{}\" cannot be converted yet",
        checkpoint.path(),
        family.architecture);
  }
  return family.export_folder(checkpoint);
}

int64_t TensorExport::source_row(int64_t row) const {
  if (paired_heads == 0) {
    return row;
  }
  const int64_t head_dim = tensor->shape.front() / paired_heads;
  const int64_t pairs = head_dim / 2;
  const int64_t within = row % head_dim;
  return row - within + 2 * (within % pairs) + within / pairs;
}

std::unique_ptr<Model> make_model(
    const Checkpoint& checkpoint,
    const nn::Compute& compute) {
  return family_of(checkpoint).make(checkpoint, compute);
}

}  // namespace bantam
