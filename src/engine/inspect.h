// SPDX-License-Identifier: MIT
// What a model is, from its headers alone; also for models bantam cannot run.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"

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
Json inspect_model(
    const std::string& model,
    const InspectOptions& options = {});

}  // namespace bantam
