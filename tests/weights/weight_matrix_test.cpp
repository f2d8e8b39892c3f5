// SPDX-License-Identifier: MIT
#include "kernels/weight_matrix.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>

namespace bantam::kernels {
namespace {

TEST(WeightMatrixTest, RowBytes) {
  EXPECT_EQ(row_bytes(WeightFormat::f32, 7), 28);
  EXPECT_EQ(row_bytes(WeightFormat::f16, 7), 14);
  EXPECT_EQ(row_bytes(WeightFormat::bf16, 7), 14);
  EXPECT_EQ(row_bytes(WeightFormat::q4_0, 576), 18 * 18);
  EXPECT_EQ(row_bytes(WeightFormat::q4_1, 576), 18 * 20);
  EXPECT_EQ(row_bytes(WeightFormat::q8_0, 576), 18 * 34);
  EXPECT_EQ(row_bytes(WeightFormat::q3_k, 5120), 20 * 110);
  EXPECT_EQ(row_bytes(WeightFormat::iq3_xxs, 5120), 20 * 98);
  EXPECT_EQ(row_bytes(WeightFormat::nvfp4, 128), 2 * 36);
  EXPECT_EQ(row_bytes(WeightFormat::mlx_mxfp4, 64), 32);
  EXPECT_EQ(row_bytes(WeightFormat::mlx_mxfp8, 64), 64);
  EXPECT_EQ(row_bytes(WeightFormat::mlx_nvfp4, 48), 24);
  for (const int bits : {2, 3, 4, 5, 6, 8}) {
    EXPECT_EQ(row_bytes(WeightFormat::affine, 576, bits), 576 * bits / 8);
  }
}

TEST(WeightMatrixTest, ColumnsThatDoNotFitHaveNoRowBytes) {
  EXPECT_EQ(row_bytes(WeightFormat::q4_0, 31), -1);
  EXPECT_EQ(row_bytes(WeightFormat::affine, 48, 4), -1);
  EXPECT_EQ(row_bytes(WeightFormat::q4_k, 128), -1);
  EXPECT_EQ(row_bytes(WeightFormat::mlx_mxfp8, 48), -1);
  for (const int bits : {-1, 0, 1, 7, 9}) {
    EXPECT_EQ(row_bytes(WeightFormat::affine, 64, bits), -1) << bits;
  }
  EXPECT_EQ(row_bytes(WeightFormat::f32, -1), -1);
  EXPECT_EQ(
      row_bytes(WeightFormat::f32, std::numeric_limits<int64_t>::max()), -1);
}

TEST(WeightMatrixTest, NamesDiffer) {
  std::set<std::string_view> names;
  constexpr int kLast = static_cast<int>(WeightFormat::mlx_nvfp4);
  for (int i = 0; i <= kLast; ++i) {
    names.insert(format_name(static_cast<WeightFormat>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kLast) + 1);
}

}  // namespace
}  // namespace bantam::kernels
