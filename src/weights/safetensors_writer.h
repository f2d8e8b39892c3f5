// SPDX-License-Identifier: MIT
// Writes one safetensors file straight to disk: the header first, then the
// tensors' bytes, in pieces of any size and tensors in any order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weights/tensor.h"

namespace bantam {

/// A tensor that will be written: what the header says of it.
struct TensorHeading {
  std::string name;
  TensorType type = TensorType::f32;  // not a GGUF block type
  std::vector<int64_t> shape;

  int64_t bytes() const { return *tensor_bytes(type, shape); }
};

/// One thread at a time. The file is complete once finish() has returned.
/// Every failure of the system is Error{invalid_request}, naming the file and
/// the system's reason.
class SafetensorsWriter {
 public:
  /// Creates `path`, which must not exist, and writes the header.
  SafetensorsWriter(
      const std::string& path,
      const std::vector<TensorHeading>& tensors,
      const std::map<std::string, std::string>& metadata);
  ~SafetensorsWriter();
  SafetensorsWriter(const SafetensorsWriter&) = delete;
  SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;

  /// The next bytes of the tensor with this index in the header.
  void write(size_t tensor, std::span<const std::byte> bytes);

  /// Flushes to the disk and closes. Throws Error{internal} if a tensor did
  /// not get as many bytes as the header says.
  void finish();

 private:
  struct Place {
    int64_t next;  // offsets in the file
    int64_t end;
  };

  std::string path_;
  int file_ = -1;
  std::vector<Place> places_;
};

/// Writes a whole small file that must not exist; fails like the above.
void write_new_file(const std::string& path, std::string_view text);

}  // namespace bantam
