// SPDX-License-Identifier: MIT
// Which tensor made a run's values NaN or infinite.
#include <algorithm>

#include "kernels/finite.h"
#include "weights/byte_cursor.h"
#include "weights/checkpoint.h"
#include "weights/matrix_types.h"

namespace bantam {

namespace {

// The first byte b for which is_damaged(b).
template <class Test>
std::optional<int64_t> first_byte(const Tensor& tensor, const Test& test) {
  const auto found = std::ranges::find_if(tensor.bytes, [&](std::byte byte) {
    return test(std::to_integer<unsigned>(byte));
  });
  if (found == tensor.bytes.end()) {
    return std::nullopt;
  }
  return found - tensor.bytes.begin();
}

// e8m0's 255 is an infinity to MLX; e4m3's 0x7F is a NaN with either sign.
std::optional<int64_t> first_infinite_e8m0(const Tensor& tensor) {
  return first_byte(tensor, [](unsigned byte) { return byte == 0xFF; });
}
std::optional<int64_t> first_nan_e4m3(const Tensor& tensor) {
  return first_byte(
      tensor, [](unsigned byte) { return (byte & 0x7F) == 0x7F; });
}

bool removes_suffix(std::string_view& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) {
    return false;
  }
  name.remove_suffix(suffix.size());
  return true;
}

// Bytes before what is damaged in weights or scales of MLX's 8-bit floats;
// integers are never damaged.
std::optional<int64_t> mlx_damage(
    const Tensor& tensor,
    const QuantizationConfig& quantization) {
  std::string_view path = tensor.name;
  const bool is_scales = removes_suffix(path, ".scales");
  if (!is_scales && !removes_suffix(path, ".weight")) {
    return std::nullopt;
  }
  const auto entry = quantization.modules.find(path);
  const std::optional<MlxFormat>& format = entry != quantization.modules.end()
      ? entry->second
      : quantization.defaults;
  if (!format) {
    return std::nullopt;
  }
  if (is_scales && tensor.type == TensorType::u8) {
    return format->mode == "nvfp4" ? first_nan_e4m3(tensor)
                                   : first_infinite_e8m0(tensor);
  }
  const bool is_e4m3 =
      !is_scales && tensor.type == TensorType::u32 && format->mode == "mxfp8";
  return is_e4m3 ? first_nan_e4m3(tensor) : std::nullopt;
}

std::optional<int64_t> damage_at(
    const Tensor& tensor,
    const QuantizationConfig& quantization) {
  const auto format = matrix_format_of(tensor.type);
  if (!format) {
    return mlx_damage(tensor, quantization);
  }
  const int64_t block = kernels::first_not_finite(
      *format, tensor.bytes.data(), static_cast<int64_t>(tensor.bytes.size()));
  if (block < 0) {
    return std::nullopt;
  }
  return block * layout_of(tensor.type).block_bytes;
}

}  // namespace

std::optional<std::string> Checkpoint::find_not_finite() const {
  for (const Tensor* tensor : tensors_) {
    if (const auto at = damage_at(*tensor, quantization_)) {
      return fmt::format(
          "{}: tensor {} at byte {}",
          tensor->file,
          in_quotes(tensor->name),
          tensor->file_offset + *at);
    }
  }
  return std::nullopt;
}

}  // namespace bantam
