// SPDX-License-Identifier: MIT
#include "weights/tensor.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>

#include "weights/byte_cursor.h"

namespace bantam {
namespace {

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

TEST(TensorTest, BytesCountWholeBlocks) {
  EXPECT_EQ(tensor_bytes(TensorType::f32, std::array<int64_t, 2>{3, 5}), 60);
  EXPECT_EQ(tensor_bytes(TensorType::f16, {}), 2);
  EXPECT_EQ(tensor_bytes(TensorType::q4_1, std::array<int64_t, 2>{3, 64}), 120);
  EXPECT_EQ(
      tensor_bytes(TensorType::q6_k, std::array<int64_t, 3>{2, 3, 512}), 2520);
  EXPECT_EQ(tensor_bytes(TensorType::q8_0, std::array<int64_t, 2>{0, 32}), 0);
}

TEST(TensorTest, PartBlocksNegativesAndOverflowsHaveNoSize) {
  const auto bytes = [](TensorType type, std::array<int64_t, 2> shape) {
    return tensor_bytes(type, shape);
  };
  EXPECT_EQ(bytes(TensorType::q4_0, {3, 33}), std::nullopt);
  // Rows are packed one by one: a multiple in all is not enough.
  EXPECT_EQ(bytes(TensorType::q4_0, {2, 16}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::f32, {-1, 4}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::f32, {1, -4}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::f32, {kHuge, 4}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::f32, {kHuge, 1}), std::nullopt);
  EXPECT_EQ(bytes(TensorType::u8, {kHuge, 1}), kHuge);
}

TEST(TensorTest, EveryTypeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(TensorType::q2_0); ++i) {
    const TensorTypeLayout& layout = layout_of(static_cast<TensorType>(i));
    EXPECT_EQ(static_cast<int>(layout.type), i);
    EXPECT_GT(layout.block_values, 0);
    EXPECT_GT(layout.block_bytes, 0);
    EXPECT_TRUE(names.insert(layout.name).second) << layout.name;
  }
}

TEST(PrintableTest, KeepsMessagesToOneShortLine) {
  EXPECT_EQ(in_quotes("blk.0.é"), "'blk.0.é'");
  EXPECT_EQ(in_quotes("a\nb\x7f\xff"), "'a\\x0ab\\x7f\\xff'");
  EXPECT_EQ(in_quotes("\xC2\x85"), "'\\xc2\\x85'");
  EXPECT_EQ(in_quotes(std::string(300, 'x')).size(), 2 + 200 + 3);
}

}  // namespace
}  // namespace bantam
