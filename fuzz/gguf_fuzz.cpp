// SPDX-License-Identifier: MIT
// Any bytes as a GGUF file: opened as a checkpoint, everything in it touched.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <variant>

#include "base/error.h"
#include "input_file.h"
#include "weights/checkpoint.h"

namespace bantam {
namespace {

// Keeps reads from being optimized away.
volatile size_t sink;

struct Touch {
  void operator()(const std::string& text) const { sink = text.size(); }
  void operator()(const GgufStrings& strings) const {
    size_t count = 0;
    for (const std::string_view text : strings) {
      sink = text.empty() ? 0 : text.front() + text.back();
      ++count;
    }
    if (count != strings.size()) {
      std::abort();
    }
  }
  template <typename T>
  void operator()(const std::vector<T>& values) const {
    sink = values.size();
  }
  template <typename T>
  void operator()(const T&) const {}
};

void touch_tensor(const Checkpoint& checkpoint, const Tensor& tensor) {
  size_t sum = 0;
  for (const std::byte byte : tensor.bytes) {
    sum += static_cast<size_t>(byte);
  }
  sink = sum;
  if (&checkpoint.at(tensor.name) != &tensor) {
    std::abort();
  }
  constexpr std::string_view kSuffix = ".weight";
  std::string_view path = tensor.name;
  if (path.ends_with(kSuffix) && tensor.shape.size() == 2) {
    path.remove_suffix(kSuffix.size());
    const kernels::WeightMatrix matrix =
        checkpoint.matrix(path, tensor.shape[0], tensor.shape[1]);
    if (static_cast<size_t>(matrix.rows * matrix.row_bytes) !=
        tensor.bytes.size()) {
      std::abort();
    }
  } else if (tensor.shape.size() == 1) {
    sink = checkpoint.vector(tensor.name, tensor.shape[0]).size();
  }
}

void walk(const Checkpoint& checkpoint) {
  for (const auto& [key, value] : checkpoint.gguf()->metadata()) {
    std::visit(Touch{}, value);
  }
  sink = checkpoint.name().size() + checkpoint.weight_bytes();
  for (const Tensor* tensor : checkpoint.tensors()) {
    try {
      touch_tensor(checkpoint, *tensor);
    } catch (const Error&) {
      // A type that bantam cannot compute with: the others go on.
    }
  }
  checkpoint.chat_template();
  read_vocabulary(*checkpoint.gguf());
}

}  // namespace
}  // namespace bantam

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  static bantam::InputFile file(".gguf");
  try {
    bantam::walk(bantam::Checkpoint(file.write(bytes, size)));
  } catch (const bantam::Error& error) {
    if (error.code() == bantam::ErrorCode::internal) {
      std::abort();
    }
  }
  return 0;
}
