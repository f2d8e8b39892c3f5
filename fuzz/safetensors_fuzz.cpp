// SPDX-License-Identifier: MIT
// Any bytes as a safetensors file: opened, everything in it touched.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "input_file.h"
#include "weights/safetensors.h"

namespace bantam {
namespace {

volatile size_t sink;

void walk(const SafetensorsFile& file) {
  for (const auto& [key, value] : file.metadata()) {
    sink = key.size() + value.size();
  }
  size_t bytes = 0;
  for (const Tensor& tensor : file.tensors()) {
    size_t sum = 0;
    for (const std::byte byte : tensor.bytes) {
      sum += static_cast<size_t>(byte);
    }
    sink = sum + shape_text(tensor.shape).size();
    bytes += tensor.bytes.size();
    const size_t expected = static_cast<size_t>(tensor.values()) *
        layout_of(tensor.type).block_bytes;
    if (tensor.bytes.size() != expected) {
      std::abort();
    }
  }
  // No holes: header and tensors are the whole file.
  if (bytes > static_cast<size_t>(file.file_bytes())) {
    std::abort();
  }
}

}  // namespace
}  // namespace bantam

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static bantam::InputFile file(".safetensors");
  try {
    bantam::walk(bantam::SafetensorsFile(file.write(bytes, size)));
  } catch (const bantam::Error& error) {
    if (error.code() == bantam::ErrorCode::internal) {
      std::abort();
    }
  }
  return 0;
}
