// SPDX-License-Identifier: MIT
// A weight matrix where it lies: plain pointers into a mapped file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace bantam::kernels {

// Block formats lie as in a GGUF file; block_formats.h, k_formats.h and
// iq_formats.h define them. MLX's have their scales in tensors of their own.
enum class WeightFormat : uint8_t {
  // clang-format off
  f32, f16, bf16,
  q4_0, q4_1, q5_0, q5_1, q8_0, iq4_nl, mxfp4, nvfp4,
  q2_k, q3_k, q4_k, q5_k, q6_k, tq1_0, tq2_0,
  iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_xs,
  affine,                            // s * q + b
  mlx_mxfp4, mlx_mxfp8, mlx_nvfp4,   // s * float4 or float8
  // clang-format on
};

/// y = W x, W of [rows, cols], row-major. Nothing is owned. Pointers need no
/// alignment. The bytes from `data` to data + rows * row_bytes are readable,
/// and nothing after them is.
struct WeightMatrix {
  WeightFormat format = WeightFormat::f32;
  int64_t rows = 0;
  int64_t cols = 0;
  const std::byte* data = nullptr;
  int64_t row_bytes = 0;

  // MLX's formats only. affine: 2, 3, 4, 5, 6 or 8 bits, groups of 32, 64 or
  // 128 columns, scales and biases of [rows, cols / group] as f32, f16 or bf16.
  // Bits are packed as MLX packs them: 2, 4, 8 bits into little-endian
  // uint32; 3 and 6 bits into 3 bytes (8 or 4 values), 5 into 5 bytes (8).
  // mlx_mxfp4, mlx_mxfp8: 4 or 8 bits, groups of 32, scales are bytes (e8m0);
  // mlx_nvfp4: 4 bits, groups of 16, scales are bytes (e4m3).
  int bits = 0;
  int group = 0;
  WeightFormat scale_format = WeightFormat::f32;
  const std::byte* scales = nullptr;
  const std::byte* biases = nullptr;

  /// Columns whose activations share a scale in a product: those that share
  /// a weight scale, 16 or 32 for blocks, `group` for affine. 0 for formats
  /// that are multiplied as floats: f32, f16, bf16, mlx_mxfp8.
  int group_size() const;
  /// Bytes of the scales of one row, and of its biases if it has any; 0 for
  /// formats that hold theirs in `data`.
  int64_t scale_row_bytes() const;
  /// Of the whole matrix: data, scales and biases.
  int64_t bytes() const;
  /// Where its bytes lie: data, scales, biases; empty where it has none.
  std::array<std::span<const std::byte>, 3> parts() const;
  /// Rows [first, first + count).
  WeightMatrix slice(int64_t first, int64_t count) const;
};

/// Bytes of one row of `data`; -1 if the format cannot hold `cols` columns.
/// `bits`: of affine, else ignored.
int64_t row_bytes(WeightFormat format, int64_t cols, int bits = 0);

std::string_view format_name(WeightFormat format);

}  // namespace bantam::kernels
