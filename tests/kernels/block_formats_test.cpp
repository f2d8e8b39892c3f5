// SPDX-License-Identifier: MIT
// Rows that other implementations dequantized (tools/make_kernels_golden.py):
// random bytes, so every field of a block is exercised, and the values come
// out bit for bit.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/matmul.h"
#include "random_matrix.h"

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

nlohmann::json golden(const char* name) {
  std::ifstream file(std::string(BANTAM_TEST_DIR "/kernels/") + name);
  return nlohmann::json::parse(file);
}

// NaNs are equal whatever their sign and payload.
void expect_row(const WeightMatrix& w, const std::vector<std::byte>& expected) {
  std::vector<float> out(static_cast<size_t>(w.cols));
  dequantize_row(w, 0, out.data());
  ASSERT_EQ(expected.size(), out.size() * sizeof(float));
  for (size_t i = 0; i < out.size(); ++i) {
    float value;
    std::memcpy(&value, expected.data() + 4 * i, sizeof(value));
    ASSERT_TRUE(
        (std::isnan(value) && std::isnan(out[i])) ||
        std::bit_cast<uint32_t>(value) == std::bit_cast<uint32_t>(out[i]))
        << "value " << i << ": " << out[i] << " instead of " << value;
  }
}

TEST(MlxAffine, DequantizesAsMlxDoes) {
  const auto file = golden("mlx_affine.json");
  EXPECT_EQ(file.at("rows").size(), 18u);
  for (const auto& row : file.at("rows")) {
    const auto packed = bytes_of(row.at("packed"));
    const auto scales = bytes_of(row.at("scales"));
    const auto biases = bytes_of(row.at("biases"));
    WeightMatrix w;
    w.format = WeightFormat::affine;
    w.rows = 1;
    w.cols = file.at("columns");
    w.bits = row.at("bits");
    w.group = row.at("group");
    w.data = packed.data();
    w.scales = scales.data();
    w.biases = biases.data();
    w.row_bytes = row_bytes(w.format, w.cols, w.bits);
    SCOPED_TRACE(
        testing::Message() << w.bits << " bits in groups of " << w.group);
    ASSERT_EQ(w.row_bytes, static_cast<int64_t>(packed.size()));
    expect_row(w, bytes_of(row.at("dequantized")));
  }
}

// Every value byte of MLX's float formats, and scales of all kinds.
TEST(MlxMicroscaled, DequantizesAsMlxDoes) {
  const auto file = golden("mlx_microscaled.json");
  EXPECT_EQ(file.at("rows").size(), 3u);
  for (const auto& row : file.at("rows")) {
    const std::string mode = row.at("mode");
    SCOPED_TRACE(mode);
    const auto packed = bytes_of(row.at("packed"));
    const auto scales = bytes_of(row.at("scales"));
    WeightMatrix w;
    w.format = mode == "mxfp4" ? WeightFormat::mlx_mxfp4
        : mode == "mxfp8"      ? WeightFormat::mlx_mxfp8
                               : WeightFormat::mlx_nvfp4;
    w.rows = 1;
    w.cols = row.at("columns");
    w.data = packed.data();
    w.scales = scales.data();
    w.row_bytes = row_bytes(w.format, w.cols);
    ASSERT_EQ(w.row_bytes, static_cast<int64_t>(packed.size()));
    expect_row(w, bytes_of(row.at("dequantized")));
  }
}

TEST(BlockFormats, DequantizeAsGgufDoes) {
  const auto file = golden("gguf_blocks.json");
  size_t found = 0;
  for (const FormatCase& each : all_formats()) {
    const std::string name(format_name(each.format));
    if (!file.at("rows").contains(name)) {
      continue;
    }
    ++found;
    SCOPED_TRACE(name);
    const auto& row = file.at("rows").at(name);
    const auto packed = bytes_of(row.at("packed"));
    WeightMatrix w;
    w.format = each.format;
    w.rows = 1;
    w.cols = row.at("columns");
    w.data = packed.data();
    w.row_bytes = row_bytes(w.format, w.cols);
    ASSERT_EQ(w.row_bytes, static_cast<int64_t>(packed.size()));
    expect_row(w, bytes_of(row.at("dequantized")));
  }
  EXPECT_EQ(found, 23u);
  EXPECT_EQ(file.at("rows").size(), 23u);
}

}  // namespace
}  // namespace bantam::kernels
