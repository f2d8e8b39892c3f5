// SPDX-License-Identifier: MIT
#include "weights/tensor.h"

#include <fmt/format.h>

#include <array>

namespace bantam {

namespace {

// Block sizes of the quantized types: the block_* structs of the ggml project
// (ggml-common.h). In the order of TensorType.
constexpr std::array kLayouts{
    TensorTypeLayout{TensorType::f64, "F64", 1, 8},
    TensorTypeLayout{TensorType::f32, "F32", 1, 4},
    TensorTypeLayout{TensorType::f16, "F16", 1, 2},
    TensorTypeLayout{TensorType::bf16, "BF16", 1, 2},
    TensorTypeLayout{TensorType::i64, "I64", 1, 8},
    TensorTypeLayout{TensorType::i32, "I32", 1, 4},
    TensorTypeLayout{TensorType::i16, "I16", 1, 2},
    TensorTypeLayout{TensorType::i8, "I8", 1, 1},
    TensorTypeLayout{TensorType::u64, "U64", 1, 8},
    TensorTypeLayout{TensorType::u32, "U32", 1, 4},
    TensorTypeLayout{TensorType::u16, "U16", 1, 2},
    TensorTypeLayout{TensorType::u8, "U8", 1, 1},
    TensorTypeLayout{TensorType::boolean, "BOOL", 1, 1},
    TensorTypeLayout{TensorType::f8_e4m3, "F8_E4M3", 1, 1},
    TensorTypeLayout{TensorType::f8_e5m2, "F8_E5M2", 1, 1},
    TensorTypeLayout{TensorType::f8_e8m0, "F8_E8M0", 1, 1},
    TensorTypeLayout{TensorType::q4_0, "Q4_0", 32, 18},
    TensorTypeLayout{TensorType::q4_1, "Q4_1", 32, 20},
    TensorTypeLayout{TensorType::q5_0, "Q5_0", 32, 22},
    TensorTypeLayout{TensorType::q5_1, "Q5_1", 32, 24},
    TensorTypeLayout{TensorType::q8_0, "Q8_0", 32, 34},
    TensorTypeLayout{TensorType::q8_1, "Q8_1", 32, 36},
    TensorTypeLayout{TensorType::q2_k, "Q2_K", 256, 84},
    TensorTypeLayout{TensorType::q3_k, "Q3_K", 256, 110},
    TensorTypeLayout{TensorType::q4_k, "Q4_K", 256, 144},
    TensorTypeLayout{TensorType::q5_k, "Q5_K", 256, 176},
    TensorTypeLayout{TensorType::q6_k, "Q6_K", 256, 210},
    TensorTypeLayout{TensorType::q8_k, "Q8_K", 256, 292},
    TensorTypeLayout{TensorType::iq1_s, "IQ1_S", 256, 50},
    TensorTypeLayout{TensorType::iq1_m, "IQ1_M", 256, 56},
    TensorTypeLayout{TensorType::iq2_xxs, "IQ2_XXS", 256, 66},
    TensorTypeLayout{TensorType::iq2_xs, "IQ2_XS", 256, 74},
    TensorTypeLayout{TensorType::iq2_s, "IQ2_S", 256, 82},
    TensorTypeLayout{TensorType::iq3_xxs, "IQ3_XXS", 256, 98},
    TensorTypeLayout{TensorType::iq3_s, "IQ3_S", 256, 110},
    TensorTypeLayout{TensorType::iq4_nl, "IQ4_NL", 32, 18},
    TensorTypeLayout{TensorType::iq4_xs, "IQ4_XS", 256, 136},
    TensorTypeLayout{TensorType::tq1_0, "TQ1_0", 256, 54},
    TensorTypeLayout{TensorType::tq2_0, "TQ2_0", 256, 66},
    TensorTypeLayout{TensorType::mxfp4, "MXFP4", 32, 17},
    TensorTypeLayout{TensorType::nvfp4, "NVFP4", 64, 36},
    TensorTypeLayout{TensorType::q1_0, "Q1_0", 128, 18},
    TensorTypeLayout{TensorType::q2_0, "Q2_0", 64, 18},
};

constexpr bool in_order() {
  for (size_t i = 0; i < kLayouts.size(); ++i) {
    if (static_cast<size_t>(kLayouts[i].type) != i) {
      return false;
    }
  }
  return kLayouts.size() == static_cast<size_t>(TensorType::q2_0) + 1;
}
static_assert(in_order(), "kLayouts is indexed by TensorType");

}  // namespace

const TensorTypeLayout& layout_of(TensorType type) {
  return kLayouts[static_cast<size_t>(type)];
}

std::optional<int64_t> tensor_bytes(
    TensorType type,
    std::span<const int64_t> shape) {
  const TensorTypeLayout& layout = layout_of(type);
  const int64_t row = shape.empty() ? 1 : shape.back();
  if (row % layout.block_values != 0) {
    return std::nullopt;
  }
  int64_t values = 1;
  for (const int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(values, extent, &values)) {
      return std::nullopt;
    }
  }
  int64_t bytes = 0;
  if (__builtin_mul_overflow(
          values / layout.block_values, layout.block_bytes, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

std::string shape_text(std::span<const int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

}  // namespace bantam
