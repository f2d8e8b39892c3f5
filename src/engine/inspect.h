// SPDX-License-Identifier: MIT
// What a model is, from its headers alone; also for models bantam cannot run.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "memory/model_shape.h"

namespace bantam {

struct InspectOptions {
  /// The file's size is judged for a machine with so much memory.
  int64_t ram_bytes = int64_t{16} << 30;
};

/// An object: name, path, format, architecture, supported, family,
/// parameters, active_parameters, size_class, bits_per_weight, quantization,
/// tensor_types, bits_by_class, weight_bytes, file_bytes, bytes_per_token,
/// size_band, layers, layer_kinds, experts, active_experts, context_tokens,
/// vocabulary, kv_bytes_per_token, state_bytes, chat_template, thinking,
/// tool_calls, end_tokens, licence, licence_source, commercial_use,
/// unsupported, notes, problems. What the files do not say is null. Throws
/// not_found or invalid_file only if the files cannot be read at all.
/// Sizes of a model for plans and estimates, also of one that bantam cannot
/// run: then `shape` is what well-known keys and tensor names suggest.
struct ModelSizes {
  std::string name;
  std::string quantization;
  ModelShape shape;
  int64_t active_parameters = 0;
  int64_t bytes_per_token = 0;  // of weights
  bool thinking = false;
  bool supported = false;
};

/// Throws like inspect_model().
ModelSizes model_sizes(const std::string& model);

Json inspect_model(
    const std::string& model,
    const InspectOptions& options = {});

}  // namespace bantam
