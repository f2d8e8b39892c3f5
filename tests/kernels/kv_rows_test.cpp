// SPDX-License-Identifier: MIT
// Keys and values in 8 and 4 bits: the layout, and how far a value may move.
#include "kernels/kv_rows.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "contract.h"
#include "kernels/half.h"
#include "random_matrix.h"

namespace bantam::kernels {
namespace {

std::vector<uint8_t> packed(const std::vector<float>& row, int bits) {
  const auto width = static_cast<int64_t>(row.size());
  std::vector<uint8_t> bytes(static_cast<size_t>(kv_row_bytes(width, bits)));
  quantize_kv_row(
      row.data(), width, bits, reinterpret_cast<std::byte*>(bytes.data()));
  return bytes;
}

// By the definition in kv_rows.h.
std::vector<float> unpacked(const std::vector<uint8_t>& bytes, int bits) {
  std::vector<float> row;
  const size_t group = static_cast<size_t>(4 + 4 * bits);
  for (size_t g = 0; g < bytes.size(); g += group) {
    uint16_t head[2];
    std::memcpy(head, bytes.data() + g, 4);
    const float scale = f16_to_f32(head[0]);
    const float offset = f16_to_f32(head[1]);
    const uint8_t* data = bytes.data() + g + 4;
    for (int i = 0; i < 32; ++i) {
      const int q = bits == 8 ? data[i]
          : i < 16            ? data[i] & 15
                              : data[i - 16] >> 4;
      row.push_back(std::fma(static_cast<float>(q), scale, offset));
    }
  }
  return row;
}

TEST(KvRows, Sizes) {
  EXPECT_EQ(kv_row_bytes(64, 16), 128);
  EXPECT_EQ(kv_row_bytes(64, 32), 256);
  EXPECT_EQ(kv_row_bytes(64, 8), 2 * 36);
  EXPECT_EQ(kv_row_bytes(256, 4), 8 * 20);
  EXPECT_TRUE(has_kv_rows(96, 4));
  EXPECT_FALSE(has_kv_rows(80, 8));
  EXPECT_TRUE(has_kv_rows(80, 16));
}

TEST(KvRows, Layout) {
  std::vector<float> row(32);
  for (int i = 0; i < 32; ++i) {
    row[static_cast<size_t>(i)] = static_cast<float>(i < 16 ? i : 31 - i) - 3;
  }
  const std::vector<uint8_t> four = packed(row, 4);
  // The scale 1 and the offset -3 as float16, little-endian.
  EXPECT_EQ(
      std::vector<uint8_t>(four.begin(), four.begin() + 4),
      (std::vector<uint8_t>{0x00, 0x3C, 0x00, 0xC2}));
  for (int i = 0; i < 16; ++i) {
    EXPECT_EQ(four[static_cast<size_t>(4 + i)], i | (15 - i) << 4);
  }
  for (int i = 0; i < 32; ++i) {
    row[static_cast<size_t>(i)] = static_cast<float>(i == 31 ? 255 : 8 * i);
  }
  const std::vector<uint8_t> eight = packed(row, 8);
  EXPECT_EQ(eight[1], 0x3C);
  for (int i = 0; i < 31; ++i) {
    EXPECT_EQ(eight[static_cast<size_t>(4 + i)], 8 * i);
  }
  EXPECT_EQ(eight[35], 255);
}

TEST(KvRows, ValuesMoveByHalfAStepAtMost) {
  const std::vector<float> row = random_activations(1280, 3);
  for (const int bits : {8, 4}) {
    const std::vector<float> got = unpacked(packed(row, bits), bits);
    std::vector<float> expected = row;
    contract::round_kv(expected.data(), static_cast<int64_t>(row.size()), bits);
    EXPECT_EQ(got, expected);
    for (size_t g = 0; g < row.size(); g += 32) {
      const auto [low, high] =
          std::minmax_element(row.begin() + g, row.begin() + g + 32);
      const float step = (*high - *low) / (bits == 8 ? 255.0f : 15.0f);
      // Scale and offset are float16: half a unit of them more at the ends.
      const float most = std::max(std::fabs(*low), std::fabs(*high));
      for (size_t i = g; i < g + 32; ++i) {
        EXPECT_NEAR(got[i], row[i], 0.51f * step + most * 0x1p-10f);
      }
    }
  }
}

// One large value of a group becomes 32 of its size / 8, of both signs.
TEST(KvRows, StoredRowsAreTransformed) {
  std::vector<float> row(64, 0.0f);
  row[5] = 64.0f;
  std::vector<uint8_t> bytes(2 * 36);
  store_kv_row(row.data(), 64, 8, reinterpret_cast<std::byte*>(bytes.data()));
  const std::vector<float> got = unpacked(bytes, 8);
  for (size_t i = 0; i < 32; ++i) {
    // The sign of a Hadamard matrix: the parity of the bits in common.
    const bool negative = std::popcount(i & 5) % 2 == 1;
    EXPECT_NEAR(got[i], negative ? -8.0f : 8.0f, 0.01f) << i;
    EXPECT_EQ(got[32 + i], 0.0f);
  }
  row = random_activations(640, 8);
  for (const int bits : {8, 4}) {
    std::vector<float> expected = row;
    contract::store_kv(expected.data(), 640, bits);
    bytes.resize(static_cast<size_t>(kv_row_bytes(640, bits)));
    store_kv_row(
        row.data(), 640, bits, reinterpret_cast<std::byte*>(bytes.data()));
    EXPECT_EQ(unpacked(bytes, bits), expected);
    // Twice the transform is 32 times the row.
    std::vector<float> twice = row;
    transform_kv_groups(twice.data(), 640, kStoredFactor);
    transform_kv_groups(twice.data(), 640, kReadFactor);
    for (size_t i = 0; i < row.size(); ++i) {
      EXPECT_NEAR(twice[i], row[i], 1e-2f);
    }
  }
}

TEST(KvRows, EqualValuesStay) {
  for (const float value : {0.0f, -0.0f, 1.5f, -640.0f}) {
    const std::vector<float> row(32, value);
    for (const int bits : {8, 4}) {
      EXPECT_EQ(unpacked(packed(row, bits), bits), row);
    }
  }
}

TEST(KvRows, WhatIsNoNumberStaysVisible) {
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(),
        std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    for (const size_t at : {size_t{32}, size_t{45}, size_t{63}}) {
      std::vector<float> row = random_activations(96, 5);
      row[at] = odd;
      for (const int bits : {8, 4}) {
        const std::vector<float> got = unpacked(packed(row, bits), bits);
        for (size_t i = 0; i < 96; ++i) {
          EXPECT_EQ(std::isnan(got[i]), i / 32 == 1) << i;
        }
      }
    }
  }
}

}  // namespace
}  // namespace bantam::kernels
