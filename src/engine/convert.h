// SPDX-License-Identifier: MIT
// A GGUF file as a folder in MLX format: the same values, the same tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "base/json.h"

namespace bantam {

struct ConvertOptions {
  std::string model;   // as locate_model() takes it
  std::string folder;  // must not exist
  /// Files of weights are begun anew above this, as MLX's own tools do.
  int64_t max_file_bytes = int64_t{5} << 30;
};

/// Told how many bytes have been written, now and then.
using ConvertProgress = std::function<void(int64_t done, int64_t total)>;

/// Everything is checked before the first byte is written; the folder appears
/// under its name once it is complete, and nothing is left behind otherwise.
/// Takes a few MiB beside the mapped file. Returns an object: input, output,
/// architecture, tensors, files, input_bytes, output_bytes, quantization.
/// Throws not_found, invalid_file; unsupported (a tensor's type, a tokenizer,
/// an architecture); invalid_request (the folder exists or cannot be written);
/// insufficient_memory (not enough room on the disk); cancelled.
Json convert_to_folder(
    const ConvertOptions& options,
    const ConvertProgress& progress = {},
    std::stop_token stop = {});

}  // namespace bantam
