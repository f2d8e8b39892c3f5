// SPDX-License-Identifier: MIT
// model.safetensors.index.json: which file of a sharded model holds which
// tensor. Internal to weights/.
#pragma once

#include <string>
#include <unordered_map>

namespace bantam {

/// Tensor name -> plain name of a .safetensors file in the same folder.
using WeightMap = std::unordered_map<std::string, std::string>;

/// Throws not_found, or invalid_file naming the tensor or the byte.
WeightMap read_weight_map(const std::string& path);

}  // namespace bantam
