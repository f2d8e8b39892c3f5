// SPDX-License-Identifier: MIT
#include "kernels/weight_matrix.h"

#include "kernels/block_format_list.h"

namespace bantam::kernels {

namespace {

// Bytes of `cols` values in blocks; -1 if they are no whole number of blocks
// or do not fit 63 bits.
int64_t blocks(int64_t cols, int64_t block_values, int64_t block_bytes) {
  int64_t bytes = 0;
  if (cols < 0 || cols % block_values != 0 ||
      __builtin_mul_overflow(cols / block_values, block_bytes, &bytes)) {
    return -1;
  }
  return bytes;
}

}  // namespace

int WeightMatrix::group_size() const {
  switch (format) {
    case WeightFormat::affine:
      return group;
    case WeightFormat::mlx_mxfp4:
      return 32;
    case WeightFormat::mlx_nvfp4:
      return 16;
    default: {
      int size = 0;
      with_block_format(
          format, [&](auto block) { size = decltype(block)::kGroup; });
      return size;
    }
  }
}

int64_t WeightMatrix::scale_row_bytes() const {
  switch (format) {
    case WeightFormat::affine:
      return cols / group * (scale_format == WeightFormat::f32 ? 4 : 2);
    case WeightFormat::mlx_mxfp4:
    case WeightFormat::mlx_mxfp8:
    case WeightFormat::mlx_nvfp4:
      return cols / group;
    default:
      return 0;
  }
}

int64_t WeightMatrix::bytes() const {
  const int64_t scale_tensors = format == WeightFormat::affine ? 2 : 1;
  return rows * (row_bytes + scale_tensors * scale_row_bytes());
}

std::array<std::span<const std::byte>, 3> WeightMatrix::parts() const {
  const auto part = [](const std::byte* begin, int64_t bytes) {
    return std::span(begin, begin == nullptr ? 0 : static_cast<size_t>(bytes));
  };
  const int64_t scale_bytes = rows * scale_row_bytes();
  return {
      part(data, rows * row_bytes),
      part(scales, scale_bytes),
      part(biases, scale_bytes)};
}

WeightMatrix WeightMatrix::slice(int64_t first, int64_t count) const {
  WeightMatrix part = *this;
  part.rows = count;
  part.data += first * row_bytes;
  if (scales != nullptr) {
    part.scales += first * scale_row_bytes();
  }
  if (biases != nullptr) {
    part.biases += first * scale_row_bytes();
  }
  return part;
}

int64_t row_bytes(WeightFormat format, int64_t cols, int bits) {
  switch (format) {
    case WeightFormat::f32:
      return blocks(cols, 1, 4);
    case WeightFormat::f16:
    case WeightFormat::bf16:
      return blocks(cols, 1, 2);
    case WeightFormat::affine:
      // The smallest group is 32 columns: `bits` 32-bit words.
      return bits >= 2 && bits <= 8 && bits != 7
          ? blocks(cols, 32, int64_t{4} * bits)
          : -1;
    case WeightFormat::mlx_mxfp4:
      return blocks(cols, 32, 16);
    case WeightFormat::mlx_mxfp8:
      return blocks(cols, 32, 32);
    case WeightFormat::mlx_nvfp4:
      return blocks(cols, 16, 8);
    default: {
      int64_t bytes = -1;
      with_block_format(format, [&](auto block) {
        using Format = decltype(block);
        bytes = blocks(cols, Format::kValues, Format::kBytes);
      });
      return bytes;
    }
  }
}

std::string_view format_name(WeightFormat format) {
  switch (format) {
    case WeightFormat::f32:
      return "F32";
    case WeightFormat::f16:
      return "F16";
    case WeightFormat::bf16:
      return "BF16";
    case WeightFormat::q4_0:
      return "Q4_0";
    case WeightFormat::q4_1:
      return "Q4_1";
    case WeightFormat::q5_0:
      return "Q5_0";
    case WeightFormat::q5_1:
      return "Q5_1";
    case WeightFormat::q8_0:
      return "Q8_0";
    case WeightFormat::iq4_nl:
      return "IQ4_NL";
    case WeightFormat::mxfp4:
      return "MXFP4";
    case WeightFormat::nvfp4:
      return "NVFP4";
    case WeightFormat::q2_k:
      return "Q2_K";
    case WeightFormat::q3_k:
      return "Q3_K";
    case WeightFormat::q4_k:
      return "Q4_K";
    case WeightFormat::q5_k:
      return "Q5_K";
    case WeightFormat::q6_k:
      return "Q6_K";
    case WeightFormat::tq1_0:
      return "TQ1_0";
    case WeightFormat::tq2_0:
      return "TQ2_0";
    case WeightFormat::iq1_s:
      return "IQ1_S";
    case WeightFormat::iq1_m:
      return "IQ1_M";
    case WeightFormat::iq2_xxs:
      return "IQ2_XXS";
    case WeightFormat::iq2_xs:
      return "IQ2_XS";
    case WeightFormat::iq2_s:
      return "IQ2_S";
    case WeightFormat::iq3_xxs:
      return "IQ3_XXS";
    case WeightFormat::iq3_s:
      return "IQ3_S";
    case WeightFormat::iq4_xs:
      return "IQ4_XS";
    case WeightFormat::affine:
      return "affine";
    case WeightFormat::mlx_mxfp4:
      return "MLX mxfp4";
    case WeightFormat::mlx_mxfp8:
      return "MLX mxfp8";
    case WeightFormat::mlx_nvfp4:
      return "MLX nvfp4";
  }
  return "unknown";
}

}  // namespace bantam::kernels
