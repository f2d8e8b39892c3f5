// SPDX-License-Identifier: MIT
// Affine rows that MLX quantized: the packing is MLX's own and the values come
// out bit for bit (tools/make_kernels_golden.py).
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/matmul.h"

namespace bantam::kernels {
namespace {

std::vector<std::byte> bytes_of(const std::string& hex) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(
        static_cast<std::byte>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

TEST(MlxAffine, DequantizesAsMlxDoes) {
  std::ifstream file(BANTAM_TEST_DIR "/kernels/mlx_affine.json");
  const auto golden = nlohmann::json::parse(file);
  EXPECT_EQ(golden.at("rows").size(), 18u);
  for (const auto& row : golden.at("rows")) {
    const auto packed = bytes_of(row.at("packed"));
    const auto scales = bytes_of(row.at("scales"));
    const auto biases = bytes_of(row.at("biases"));
    const auto expected = bytes_of(row.at("dequantized"));
    WeightMatrix w;
    w.format = WeightFormat::affine;
    w.rows = 1;
    w.cols = golden.at("columns");
    w.bits = row.at("bits");
    w.group = row.at("group");
    w.data = packed.data();
    w.scales = scales.data();
    w.biases = biases.data();
    w.row_bytes = row_bytes(w.format, w.cols, w.bits);
    ASSERT_EQ(w.row_bytes, static_cast<int64_t>(packed.size()));
    std::vector<float> out(static_cast<size_t>(w.cols));
    dequantize_row(w, 0, out.data());
    ASSERT_EQ(expected.size(), out.size() * sizeof(float));
    EXPECT_EQ(std::memcmp(out.data(), expected.data(), expected.size()), 0)
        << w.bits << " bits in groups of " << w.group;
  }
}

}  // namespace
}  // namespace bantam::kernels
