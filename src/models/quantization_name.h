// SPDX-License-Identifier: MIT
// The usual name of how a checkpoint's weights are quantized.
#pragma once

#include <string>
#include <vector>

#include "models/tensor_census.h"
#include "weights/checkpoint.h"

namespace bantam {

struct QuantizationName {
  /// "MLX 3-bit g64", "MLX mixed_3_6 g64", "Q3_K_M", "IQ3_XXS", "BF16",
  /// "GPTQ 4-bit g128", ...
  std::string name;
  /// What the file says of itself and its tensors contradict, a line each.
  std::vector<std::string> doubts;
};

QuantizationName quantization_name(
    const Checkpoint& checkpoint,
    const TensorCensus& census);

}  // namespace bantam
