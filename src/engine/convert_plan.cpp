// SPDX-License-Identifier: MIT
#include "engine/convert_plan.h"

#include <algorithm>

#include "base/error.h"
#include "models/registry.h"
#include "weights/affine_blocks.h"

namespace bantam {

namespace {

bool is_float(TensorType type) {
  return type == TensorType::f32 || type == TensorType::f16 ||
      type == TensorType::bf16;
}

void require_convertible(const TensorExport& source) {
  const Tensor& tensor = *source.tensor;
  if (is_float(tensor.type) ||
      (affine_equivalent(tensor.type) && tensor.shape.size() == 2)) {
    return;
  }
  fail(
      ErrorCode::unsupported,
      "{}: tensor '{}' at byte {}: type {} has no exact equivalent in MLX's "
      "affine formats (F32, F16, BF16, Q4_0, Q4_1 and Q8_0 have one); convert "
      "a file of one of these types",
      tensor.file,
      tensor.name,
      tensor.file_offset,
      layout_of(tensor.type).name);
}

ConvertedTensor plan_tensor(TensorExport source) {
  const Tensor& tensor = *source.tensor;
  ConvertedTensor converted{
      .source = std::move(source),
      .affine = affine_equivalent(tensor.type),
      .headings = {}};
  const std::string& path = converted.source.path;
  if (!converted.affine) {
    converted.headings.push_back(
        {converted.source.name(), tensor.type, tensor.shape});
    return converted;
  }
  const int64_t rows = tensor.shape[0];
  const int64_t cols = tensor.shape[1];
  const int64_t words = cols * converted.affine->bits / 32;
  const int64_t groups = cols / converted.affine->group;
  const TensorType scale_type = affine_bias_type(tensor);
  converted.headings = {
      {path + ".weight", TensorType::u32, {rows, words}},
      {path + ".scales", scale_type, {rows, groups}},
      {path + ".biases", scale_type, {rows, groups}}};
  return converted;
}

Json affine_json(const MlxFormat& format) {
  return {
      {"group_size", format.group},
      {"bits", format.bits},
      {"mode", format.mode}};
}

// The format of most bytes, and an entry for each module that differs; null
// if nothing is quantized.
Json quantization_json(const std::vector<ConvertedTensor>& tensors) {
  std::map<int64_t, int64_t> bytes_of_bits;
  for (const ConvertedTensor& tensor : tensors) {
    if (tensor.affine) {
      bytes_of_bits[tensor.affine->bits] += tensor.bytes();
    }
  }
  if (bytes_of_bits.empty()) {
    return nullptr;
  }
  const int64_t most =
      std::ranges::max_element(bytes_of_bits, {}, [](const auto& entry) {
        return entry.second;
      })->first;
  Json quantization;
  for (const ConvertedTensor& tensor : tensors) {
    if (tensor.affine && tensor.affine->bits == most) {
      quantization = affine_json(*tensor.affine);
      break;
    }
  }
  for (const ConvertedTensor& tensor : tensors) {
    if (tensor.affine && tensor.affine->bits != most) {
      quantization[tensor.source.path] = affine_json(*tensor.affine);
    }
  }
  return quantization;
}

}  // namespace

int64_t ConvertedTensor::bytes() const {
  int64_t bytes = 0;
  for (const TensorHeading& heading : headings) {
    bytes += heading.bytes();
  }
  return bytes;
}

int64_t ConvertPlan::bytes() const {
  int64_t bytes = 0;
  for (const ConvertedTensor& tensor : tensors) {
    bytes += tensor.bytes();
  }
  return bytes;
}

ConvertPlan plan_conversion(const Checkpoint& checkpoint) {
  FolderExport folder = export_folder(checkpoint);
  for (const TensorExport& source : folder.tensors) {
    require_convertible(source);
  }
  describe(checkpoint);  // for its checks of shapes
  ConvertPlan plan{.config = std::move(folder.config), .tensors = {}};
  for (TensorExport& source : folder.tensors) {
    plan.tensors.push_back(plan_tensor(std::move(source)));
  }
  if (Json quantization = quantization_json(plan.tensors);
      !quantization.is_null()) {
    plan.config["quantization"] = quantization;
    plan.config["quantization_config"] = std::move(quantization);
  }
  return plan;
}

}  // namespace bantam
