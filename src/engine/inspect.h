// SPDX-License-Identifier: MIT
// What a model is, from its headers alone; also for models bantam cannot run.
#pragma once

#include <string>

#include "base/json.h"

namespace bantam {

/// An object: name, path, format, architecture, supported, family,
/// parameters, bits_per_weight, quantization, tensor_types, weight_bytes,
/// file_bytes, layers, context_tokens, vocabulary, kv_bytes_per_token,
/// chat_template, end_tokens, licence, problems. What the files do not say is
/// null. Throws not_found or invalid_file only if the files cannot be read at
/// all.
Json inspect_model(const std::string& model);

}  // namespace bantam
