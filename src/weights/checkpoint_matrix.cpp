// SPDX-License-Identifier: MIT
// Tensors in the form that kernels read, after a check of type and shape.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "weights/byte_cursor.h"
#include "weights/checkpoint.h"

namespace bantam {

using kernels::WeightFormat;
using kernels::WeightMatrix;

namespace {

struct TypeFormat {
  TensorType type;
  WeightFormat format;
};

constexpr std::array kMatrixTypes{
    TypeFormat{TensorType::f32, WeightFormat::f32},
    TypeFormat{TensorType::f16, WeightFormat::f16},
    TypeFormat{TensorType::bf16, WeightFormat::bf16},
    TypeFormat{TensorType::q4_0, WeightFormat::q4_0},
    TypeFormat{TensorType::q4_1, WeightFormat::q4_1},
    TypeFormat{TensorType::q5_0, WeightFormat::q5_0},
    TypeFormat{TensorType::q5_1, WeightFormat::q5_1},
    TypeFormat{TensorType::q8_0, WeightFormat::q8_0},
    TypeFormat{TensorType::q2_k, WeightFormat::q2_k},
    TypeFormat{TensorType::q3_k, WeightFormat::q3_k},
    TypeFormat{TensorType::q4_k, WeightFormat::q4_k},
    TypeFormat{TensorType::q5_k, WeightFormat::q5_k},
    TypeFormat{TensorType::q6_k, WeightFormat::q6_k},
    TypeFormat{TensorType::iq1_s, WeightFormat::iq1_s},
    TypeFormat{TensorType::iq1_m, WeightFormat::iq1_m},
    TypeFormat{TensorType::iq2_xxs, WeightFormat::iq2_xxs},
    TypeFormat{TensorType::iq2_xs, WeightFormat::iq2_xs},
    TypeFormat{TensorType::iq2_s, WeightFormat::iq2_s},
    TypeFormat{TensorType::iq3_xxs, WeightFormat::iq3_xxs},
    TypeFormat{TensorType::iq3_s, WeightFormat::iq3_s},
    TypeFormat{TensorType::iq4_nl, WeightFormat::iq4_nl},
    TypeFormat{TensorType::iq4_xs, WeightFormat::iq4_xs},
    TypeFormat{TensorType::tq1_0, WeightFormat::tq1_0},
    TypeFormat{TensorType::tq2_0, WeightFormat::tq2_0},
    TypeFormat{TensorType::mxfp4, WeightFormat::mxfp4},
    TypeFormat{TensorType::nvfp4, WeightFormat::nvfp4},
};

std::optional<WeightFormat> format_of(TensorType type) {
  for (const TypeFormat& known : kMatrixTypes) {
    if (known.type == type) {
      return known.format;
    }
  }
  return std::nullopt;
}

[[noreturn]] void fail_type(const Tensor& tensor) {
  fail(
      ErrorCode::unsupported,
      "{}: tensor {} at byte {}: bantam cannot compute with type {}; it does "
      "with F32, F16, BF16, GGUF's Q4_0 to Q8_0, K-quants (Q2_K to Q6_K), IQ "
      "types, TQ1_0, TQ2_0, MXFP4 and NVFP4, and with what MLX quantizes",
      tensor.file,
      in_quotes(tensor.name),
      tensor.file_offset,
      layout_of(tensor.type).name);
}

void require_shape(const Tensor& tensor, std::span<const int64_t> expected) {
  if (!std::ranges::equal(tensor.shape, expected)) {
    fail(
        ErrorCode::invalid_file,
        "{}: tensor {} at byte {}: {} is {}, expected {}",
        tensor.file,
        in_quotes(tensor.name),
        tensor.file_offset,
        printable(tensor.name),
        shape_text(tensor.shape),
        shape_text(expected));
  }
}

std::vector<int64_t> extended(std::span<const int64_t> leading, int64_t last) {
  std::vector<int64_t> shape(leading.begin(), leading.end());
  shape.push_back(last);
  return shape;
}

// Of extents that a tensor was found to have, or soon will be.
int64_t product(std::span<const int64_t> extents) {
  int64_t result = 1;
  for (const int64_t extent : extents) {
    result *= extent;
  }
  return result;
}

// IEEE 754 half to single precision, exactly.
float widen_f16(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t exponent = (half >> 10) & 0x1F;
  const uint32_t fraction = half & 0x3FF;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t single_exponent = exponent == 0x1F ? 0xFF : exponent + 112;
  return std::bit_cast<float>(sign | single_exponent << 23 | fraction << 13);
}

float widen_bf16(uint16_t value) {
  return std::bit_cast<float>(uint32_t{value} << 16);
}

template <typename Stored, typename Widen>
std::vector<float> widen(const Tensor& tensor, Widen to_float) {
  std::vector<float> values(tensor.bytes.size() / sizeof(Stored));
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored;  // the file may place it at any byte
    std::memcpy(
        &stored, tensor.bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = to_float(stored);
  }
  return values;
}

struct MlxMode {
  std::string_view name;
  WeightFormat format;
  int64_t bits;  // of the float formats, which have no choice
  int64_t group;
};

constexpr std::array kMlxModes{
    MlxMode{"affine", WeightFormat::affine, 0, 0},
    MlxMode{"mxfp4", WeightFormat::mlx_mxfp4, 4, 32},
    MlxMode{"mxfp8", WeightFormat::mlx_mxfp8, 8, 32},
    MlxMode{"nvfp4", WeightFormat::mlx_nvfp4, 4, 16},
};

// `model` is the folder whose config.json says so.
WeightFormat require_computable(
    const std::string& model,
    std::string_view path,
    const MlxFormat& format) {
  const auto one_of = [](int64_t value, std::initializer_list<int64_t> all) {
    return std::ranges::find(all, value) != all.end();
  };
  const auto* mode = std::ranges::find(kMlxModes, format.mode, &MlxMode::name);
  if (mode == kMlxModes.end()) {
    fail(
        ErrorCode::unsupported,
        "{}/config.json: {} is quantized with mode {}; supported are affine, "
        "mxfp4, mxfp8 and nvfp4",
        model,
        in_quotes(path),
        in_quotes(format.mode));
  }
  if (mode->format != WeightFormat::affine) {
    if (format.bits != mode->bits || format.group != mode->group) {
      fail(
          ErrorCode::unsupported,
          "{}/config.json: {} has {} bits in groups of {}; {} means {} bits in "
          "groups of {}",
          model,
          in_quotes(path),
          format.bits,
          format.group,
          mode->name,
          mode->bits,
          mode->group);
    }
  } else if (
      !one_of(format.bits, {2, 3, 4, 5, 6, 8}) ||
      !one_of(format.group, {32, 64, 128})) {
    fail(
        ErrorCode::unsupported,
        "{}/config.json: {} has {} bits in groups of {}; supported are 2, 3, "
        "4, 5, 6 or 8 bits in groups of 32, 64 or 128",
        model,
        in_quotes(path),
        format.bits,
        format.group);
  }
  return mode->format;
}

void require_affine_types(
    const Tensor& weight,
    const Tensor& scales,
    const Tensor& biases) {
  const bool float_scales = scales.type == TensorType::f32 ||
      scales.type == TensorType::f16 || scales.type == TensorType::bf16;
  if (weight.type != TensorType::u32 || !float_scales ||
      biases.type != scales.type) {
    fail(
        ErrorCode::invalid_file,
        "{}: tensor {} at byte {}: weight, scales and biases are {}, {} and "
        "{}, expected U32 and twice the same of F32, F16, BF16",
        weight.file,
        in_quotes(weight.name),
        weight.file_offset,
        layout_of(weight.type).name,
        layout_of(scales.type).name,
        layout_of(biases.type).name);
  }
}

void require_microscaled_types(const Tensor& weight, const Tensor& scales) {
  if (weight.type != TensorType::u32 || scales.type != TensorType::u8) {
    fail(
        ErrorCode::invalid_file,
        "{}: tensor {} at byte {}: weight and scales are {} and {}, expected "
        "U32 and U8",
        weight.file,
        in_quotes(weight.name),
        weight.file_offset,
        layout_of(weight.type).name,
        layout_of(scales.type).name);
  }
}

}  // namespace

WeightMatrix Checkpoint::matrix(
    std::string_view path,
    int64_t rows,
    int64_t cols) const {
  return shaped_matrix(path, std::array{rows}, cols);
}

WeightMatrix Checkpoint::stacked_matrix(
    std::string_view path,
    int64_t count,
    int64_t rows,
    int64_t cols) const {
  return shaped_matrix(path, std::array{count, rows}, cols);
}

WeightMatrix Checkpoint::row_matrix(std::string_view path, int64_t cols) const {
  return shaped_matrix(path, {}, cols);
}

// `leading`: all extents of the tensor but that of its rows.
WeightMatrix Checkpoint::shaped_matrix(
    std::string_view path,
    std::span<const int64_t> leading,
    int64_t cols) const {
  if (const auto format = mlx_format(path)) {
    return mlx_matrix(path, leading, cols, *format);
  }
  const Tensor* bare = leading.size() > 1 ? find(path) : nullptr;
  const Tensor& weight =
      bare != nullptr ? *bare : at(fmt::format("{}.weight", path));
  const auto format = format_of(weight.type);
  if (!format) {
    fail_type(weight);
  }
  const Tensor* outer = find(fmt::format("{}.scale", path));
  if (weight.type == TensorType::nvfp4 && outer != nullptr) {
    fail(
        ErrorCode::unsupported,
        "{}: tensor {} scales NVFP4 weights as a whole, which bantam does not "
        "read yet",
        outer->file,
        in_quotes(outer->name));
  }
  require_shape(weight, extended(leading, cols));
  WeightMatrix matrix;
  matrix.format = *format;
  matrix.rows = product(leading);
  matrix.cols = cols;
  matrix.data = weight.bytes.data();
  matrix.row_bytes = kernels::row_bytes(*format, cols);
  return matrix;
}

std::optional<MlxFormat> Checkpoint::mlx_format(std::string_view path) const {
  if (is_gguf()) {
    return std::nullopt;
  }
  if (!quantization_.foreign_method.empty()) {
    fail(
        ErrorCode::unsupported,
        "{}/config.json: the weights are quantized with {}, which bantam does "
        "not read; choose an MLX or GGUF version of the model",
        path_,
        quantization_.foreign_method);
  }
  const auto entry = quantization_.modules.find(path);
  if (entry != quantization_.modules.end()) {
    return entry->second;
  }
  const Tensor* scales = find(fmt::format("{}.scales", path));
  if (scales == nullptr) {
    return std::nullopt;
  }
  if (!quantization_.defaults) {
    fail(
        ErrorCode::invalid_file,
        "{}: tensor {} says that the weight is quantized, but config.json has "
        "no 'quantization' entry with its bits and group_size",
        scales->file,
        in_quotes(scales->name));
  }
  return quantization_.defaults;
}

WeightMatrix Checkpoint::mlx_matrix(
    std::string_view path,
    std::span<const int64_t> leading,
    int64_t cols,
    const MlxFormat& format) const {
  WeightMatrix matrix;
  matrix.format = require_computable(path_, path, format);
  matrix.rows = product(leading);
  matrix.cols = cols;
  matrix.bits = static_cast<int>(format.bits);
  matrix.group = static_cast<int>(format.group);
  matrix.row_bytes = kernels::row_bytes(matrix.format, cols, matrix.bits);
  const Tensor& weight = at(fmt::format("{}.weight", path));
  const Tensor& scales = at(fmt::format("{}.scales", path));
  if (matrix.row_bytes < 0 || cols % format.group != 0) {
    fail(
        ErrorCode::invalid_file,
        "{}: tensor {} at byte {}: rows of {} values do not divide into "
        "groups of {}",
        weight.file,
        in_quotes(weight.name),
        weight.file_offset,
        cols,
        format.group);
  }
  constexpr int64_t kWordBytes = 4;
  require_shape(weight, extended(leading, matrix.row_bytes / kWordBytes));
  require_shape(scales, extended(leading, cols / format.group));
  matrix.data = weight.bytes.data();
  matrix.scales = scales.bytes.data();
  if (matrix.format == WeightFormat::affine) {
    const Tensor& biases = at(fmt::format("{}.biases", path));
    require_affine_types(weight, scales, biases);
    require_shape(biases, extended(leading, cols / format.group));
    matrix.scale_format = *format_of(scales.type);
    matrix.biases = biases.bytes.data();
  } else {
    require_microscaled_types(weight, scales);
  }
  return matrix;
}

std::vector<float> Checkpoint::vector(std::string_view name, int64_t size)
    const {
  const Tensor& tensor = at(name);
  require_shape(tensor, std::array{size});
  return values(tensor);
}

std::vector<float> Checkpoint::values(const Tensor& tensor) const {
  switch (tensor.type) {
    case TensorType::f32:
      return widen<float>(tensor, [](float value) { return value; });
    case TensorType::f16:
      return widen<uint16_t>(tensor, widen_f16);
    case TensorType::bf16:
      return widen<uint16_t>(tensor, widen_bf16);
    default:
      fail(
          ErrorCode::unsupported,
          "{}: tensor {} at byte {}: a vector of type {}; supported are F32, "
          "F16 and BF16",
          tensor.file,
          in_quotes(tensor.name),
          tensor.file_offset,
          layout_of(tensor.type).name);
  }
}

std::optional<WeightFormat> weight_format_of(TensorType type) {
  return format_of(type);
}

}  // namespace bantam
