// SPDX-License-Identifier: MIT
// One safetensors file: an 8-byte length, a JSON header, tensor data.
// Everything is checked against the file's real size before it is used.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "weights/tensor.h"

namespace bantam {

/// Owns the mapping; tensors point into it. Immutable.
class SafetensorsFile {
 public:
  /// Throws not_found or invalid_file (file, tensor, byte offset).
  explicit SafetensorsFile(const std::string& path);

  const std::string& path() const { return file_.path(); }
  int64_t file_bytes() const { return static_cast<int64_t>(file_.size()); }
  std::span<const std::byte> bytes() const { return file_.bytes(); }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  /// The "__metadata__" entry.
  const std::map<std::string, std::string>& metadata() const {
    return metadata_;
  }

 private:
  MappedFile file_;
  std::vector<Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace bantam
