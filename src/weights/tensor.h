// SPDX-License-Identifier: MIT
// A tensor where it lies in a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

/// How the bytes of a tensor are to be read. The GGUF types bantam cannot
/// compute with yet are named too, so that inspect and errors can say them.
enum class TensorType : uint8_t {
  // clang-format off
  f64, f32, f16, bf16, i64, i32, i16, i8, u64, u32, u16, u8, boolean,
  f8_e4m3, f8_e5m2, f8_e8m0,
  q4_0, q4_1, q5_0, q5_1, q8_0, q8_1,
  q2_k, q3_k, q4_k, q5_k, q6_k, q8_k,
  iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs,
  tq1_0, tq2_0, mxfp4, nvfp4, q1_0, q2_0,
  // clang-format on
};

/// The layout of a type: `block_values` values take `block_bytes` bytes.
struct TensorTypeLayout {
  TensorType type;
  std::string_view name;  // as people write it: "Q4_1", "BF16"
  int64_t block_values;
  int64_t block_bytes;
};
const TensorTypeLayout& layout_of(TensorType type);

/// Bytes of a tensor of this type and row-major shape. nullopt if a row is
/// not a whole number of blocks, an extent is negative or a product does not
/// fit 63 bits.
std::optional<int64_t> tensor_bytes(
    TensorType type,
    std::span<const int64_t> shape);

/// "[1536, 576]".
std::string shape_text(std::span<const int64_t> shape);

struct Tensor {
  std::string name;
  TensorType type = TensorType::f32;
  std::vector<int64_t> shape;  // row-major: the last dimension is contiguous
  std::span<const std::byte> bytes;
  std::string file;         // for error messages
  int64_t file_offset = 0;  // of bytes, in `file`

  int64_t values() const {
    int64_t product = 1;
    for (const int64_t extent : shape) {
      product *= extent;
    }
    return product;
  }
};

}  // namespace bantam
