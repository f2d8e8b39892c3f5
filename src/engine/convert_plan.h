// SPDX-License-Identifier: MIT
// Which tensors a converted folder will have, in which files. Internal to
// engine/.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "models/folder_export.h"
#include "weights/quantization_config.h"
#include "weights/safetensors_writer.h"

namespace bantam {

/// One tensor of the GGUF file and what is written for it: itself, or the
/// weight, scales and biases of an affine matrix.
struct ConvertedTensor {
  TensorExport source;
  std::optional<MlxFormat> affine;
  std::vector<TensorHeading> headings;  // 1 or 3

  int64_t bytes() const;
};

struct ConvertPlan {
  Json config;  // config.json
  std::vector<ConvertedTensor> tensors;

  int64_t bytes() const;
};

/// Throws unsupported, naming tensor and type, or invalid_file.
ConvertPlan plan_conversion(const Checkpoint& checkpoint);

}  // namespace bantam
