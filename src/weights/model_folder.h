// SPDX-License-Identifier: MIT
// The files of a Hugging Face or MLX model folder: which are there, which
// weights belong together. Internal to weights/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "weights/safetensors.h"
#include "weights/weight_map.h"

namespace bantam {

struct ModelFolder {
  Json config;
  Json generation_config;  // null if there is none
  Json tokenizer_config;   // null if there is none
  std::vector<SafetensorsFile> shards;
  WeightMap weight_map;  // empty if there is no index

  /// Does the index say that another file holds this tensor?
  bool placed_elsewhere(const Tensor& tensor) const;
};

/// Throws not_found, invalid_file or unsupported.
ModelFolder read_model_folder(const std::string& path);

/// Sorted names of what lies in a folder and ends in `extension`, but for
/// hidden files (such as the "._x" that macOS leaves on foreign disks). Empty
/// if the folder cannot be read.
std::vector<std::string> file_names(
    const std::string& folder,
    std::string_view extension = "");

/// Is there a file? Throws not_found for a link whose target is missing, as
/// an interrupted download leaves it in the Hugging Face cache.
bool file_is_there(const std::string& path);

}  // namespace bantam
