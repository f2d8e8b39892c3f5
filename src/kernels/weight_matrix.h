// SPDX-License-Identifier: MIT
// A weight matrix where it lies: plain pointers into a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bantam::kernels {

enum class WeightFormat : uint8_t {
  f32,
  f16,
  bf16,
  q4_0,    // GGUF blocks of 32: f16 d, 16 bytes of nibbles; d * (q - 8)
  q4_1,    // GGUF blocks of 32: f16 d, f16 m, 16 bytes;     d * q + m
  q8_0,    // GGUF blocks of 32: f16 d, 32 int8;             d * q
  affine,  // MLX: packed bits, scales and biases apart;     s * q + b
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

  // format == affine only: 2, 3, 4, 5, 6 or 8 bits, groups of 32, 64 or 128
  // columns, scales and biases of [rows, cols / group] as f32, f16 or bf16.
  // Bits are packed as MLX packs them: 2, 4, 8 bits into little-endian
  // uint32; 3 and 6 bits into 3 bytes (8 or 4 values), 5 into 5 bytes (8).
  int bits = 0;
  int group = 0;
  WeightFormat scale_format = WeightFormat::f32;
  const std::byte* scales = nullptr;
  const std::byte* biases = nullptr;

  /// Columns that share a scale: 32 for GGUF blocks, `group` for affine, 0
  /// for float formats.
  int group_size() const {
    switch (format) {
      case WeightFormat::q4_0:
      case WeightFormat::q4_1:
      case WeightFormat::q8_0:
        return 32;
      case WeightFormat::affine:
        return group;
      default:
        return 0;
    }
  }
};

/// Bytes of one row of `data`; -1 if the format cannot hold `cols` columns.
int64_t row_bytes(WeightFormat format, int64_t cols, int bits = 0);

std::string_view format_name(WeightFormat format);

}  // namespace bantam::kernels
