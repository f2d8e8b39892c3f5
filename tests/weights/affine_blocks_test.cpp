// SPDX-License-Identifier: MIT
// GGUF blocks against MLX groups, both spelled out from the formats'
// descriptions.
#include "weights/affine_blocks.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>

#include "kernels/half.h"
#include "kernels/matmul.h"

namespace bantam {
namespace {

using kernels::f16_to_f32;

std::vector<std::byte> random_row(TensorType type, int64_t blocks) {
  std::mt19937 random(7);
  const TensorTypeLayout& layout = layout_of(type);
  std::vector<std::byte> row(static_cast<size_t>(blocks * layout.block_bytes));
  for (std::byte& byte : row) {
    byte = static_cast<std::byte>(random());
  }
  for (int64_t b = 0; b < blocks; ++b) {
    // Finite scales of every size, subnormal ones too.
    for (int half = 0; half < (type == TensorType::q4_1 ? 2 : 1); ++half) {
      row[b * layout.block_bytes + 2 * half + 1] &= std::byte{0xB7};
    }
  }
  return row;
}

// Value i of a row, as ggml-common.h and ggml-quants.c describe it.
double gguf_value(TensorType type, const std::byte* row, int64_t i) {
  const std::byte* block = row + i / 32 * layout_of(type).block_bytes;
  const int in = static_cast<int>(i % 32);
  uint16_t d, m;
  std::memcpy(&d, block, 2);
  std::memcpy(&m, block + 2, 2);
  const auto nibble = [&](const std::byte* from) {
    const int byte = std::to_integer<int>(from[in % 16]);
    return in < 16 ? byte & 15 : byte >> 4;
  };
  switch (type) {
    case TensorType::q4_0:
      return static_cast<double>(f16_to_f32(d)) * (nibble(block + 2) - 8);
    case TensorType::q4_1:
      return static_cast<double>(f16_to_f32(d)) * nibble(block + 4) +
          static_cast<double>(f16_to_f32(m));
    default:
      return static_cast<double>(f16_to_f32(d)) *
          static_cast<int8_t>(block[2 + in]);
  }
}

struct Repacked {
  std::vector<std::byte> weights, scales, biases;
};

Repacked repack(
    TensorType type,
    const std::vector<std::byte>& row,
    int64_t blocks,
    TensorType scale_type) {
  const int64_t bits = affine_equivalent(type)->bits;
  const int64_t width = layout_of(scale_type).block_bytes;
  Repacked out{
      std::vector<std::byte>(static_cast<size_t>(blocks * 4 * bits)),
      std::vector<std::byte>(static_cast<size_t>(blocks * width)),
      std::vector<std::byte>(static_cast<size_t>(blocks * width))};
  repack_row(
      type,
      row.data(),
      blocks,
      scale_type,
      out.weights.data(),
      out.scales.data(),
      out.biases.data());
  return out;
}

float scale_at(
    const std::vector<std::byte>& scales,
    TensorType type,
    int64_t i) {
  if (type == TensorType::f32) {
    float value;
    std::memcpy(&value, scales.data() + 4 * i, 4);
    return value;
  }
  uint16_t half;
  std::memcpy(&half, scales.data() + 2 * i, 2);
  return f16_to_f32(half);
}

class AffineBlocks : public ::testing::TestWithParam<TensorType> {};

TEST_P(AffineBlocks, HoldTheSameValues) {
  constexpr int64_t kBlocks = 200;
  const auto row = random_row(GetParam(), kBlocks);
  const int64_t bits = affine_equivalent(GetParam())->bits;
  for (const TensorType scale_type : {TensorType::f16, TensorType::f32}) {
    const Repacked out = repack(GetParam(), row, kBlocks, scale_type);
    for (int64_t i = 0; i < 32 * kBlocks; ++i) {
      // mlx: value i of a row is bits * i .. bits * (i + 1) of its words.
      uint32_t word;
      std::memcpy(&word, out.weights.data() + i * bits / 32 * 4, 4);
      const int q =
          static_cast<int>(word >> (i * bits % 32)) & ((1 << bits) - 1);
      const double got =
          static_cast<double>(scale_at(out.scales, scale_type, i / 32)) * q +
          static_cast<double>(scale_at(out.biases, scale_type, i / 32));
      ASSERT_EQ(got, gguf_value(GetParam(), row.data(), i)) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types,
    AffineBlocks,
    ::testing::Values(TensorType::q4_0, TensorType::q4_1, TensorType::q8_0),
    [](const auto& test) { return std::string(layout_of(test.param).name); });

TEST(AffineBlocksTypes, OnlyThoseWithAnEquivalent) {
  EXPECT_EQ(affine_equivalent(TensorType::q8_0)->bits, 8);
  EXPECT_EQ(affine_equivalent(TensorType::q4_1)->group, 32);
  for (const TensorType type :
       {TensorType::f16,
        TensorType::q5_0,
        TensorType::q4_k,
        TensorType::iq4_nl}) {
    EXPECT_FALSE(affine_equivalent(type)) << layout_of(type).name;
  }
}

TEST(AffineBlocksTypes, WideBiasesNeedSingles) {
  const auto tensor_of = [](TensorType type, std::vector<std::byte>& row) {
    Tensor tensor{.name = "w", .type = type, .shape = {1, 32}};
    tensor.bytes = row;
    return tensor;
  };
  std::vector<std::byte> row(34);
  const auto set_scale = [&](float value) {
    const uint16_t half = kernels::f32_to_f16(value);
    std::memcpy(row.data(), &half, 2);
  };
  set_scale(511.75f);  // 128 times it is 65504, the largest half
  EXPECT_EQ(
      affine_bias_type(tensor_of(TensorType::q8_0, row)), TensorType::f16);
  set_scale(-512.0f);
  EXPECT_EQ(
      affine_bias_type(tensor_of(TensorType::q8_0, row)), TensorType::f32);
  std::vector<std::byte> stored(20, std::byte{0x7B});  // d = m = 61280
  EXPECT_EQ(
      affine_bias_type(tensor_of(TensorType::q4_1, stored)), TensorType::f16);
}

}  // namespace
}  // namespace bantam
