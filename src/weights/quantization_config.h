// SPDX-License-Identifier: MIT
// How config.json says that the weights of a folder are quantized.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace bantam {

/// MLX's quantization of a module; not yet checked for being one bantam
/// computes. `mode`: "affine", "mxfp4", "mxfp8", "nvfp4".
struct MlxFormat {
  int64_t bits = 4;
  int64_t group = 64;
  std::string mode = "affine";
};

/// MLX's "quantization" entry: a default and exceptions by module path.
struct QuantizationConfig {
  /// Empty, or the name of a method other than MLX's: "gptq", "fp8", ...
  std::string foreign_method;
  std::optional<MlxFormat> defaults;
  /// A null value: the module is not quantized.
  std::map<std::string, std::optional<MlxFormat>, std::less<>> modules;
};

/// Reads "quantization", else "quantization_config". Throws invalid_file if
/// they are malformed; `source` names the file.
QuantizationConfig read_quantization_config(
    const Json& config,
    const std::string& source);

}  // namespace bantam
