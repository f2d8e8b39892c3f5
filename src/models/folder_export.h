// SPDX-License-Identifier: MIT
// A GGUF checkpoint as a folder in MLX format would name it: what each tensor
// is called there, in which order its rows lie, and what config.json says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "weights/checkpoint.h"

namespace bantam {

struct TensorExport {
  const Tensor* tensor = nullptr;
  /// The module's path: "model.layers.0.self_attn.q_proj".
  std::string path;
  /// "weight" or "bias".
  std::string part;
  /// Above 0: the rows belong to so many heads, and within each lie rotated
  /// pair by rotated pair, as GGUF wants them; in the folder the first halves
  /// of all pairs come before the second ones.
  int64_t paired_heads = 0;

  std::string name() const { return path + "." + part; }
  /// The row of `tensor` that becomes row `row` of the export.
  int64_t source_row(int64_t row) const;
};

struct FolderExport {
  Json config;  // config.json, but for quantization and token ids
  std::vector<TensorExport> tensors;
};

/// Every tensor of `checkpoint`, a GGUF file, is in the result. Throws
/// unsupported, naming the architecture, tensor or key that has no place in
/// such a folder; invalid_file like describe().
FolderExport export_folder(const Checkpoint& checkpoint);

}  // namespace bantam
