// SPDX-License-Identifier: MIT
#include "kernels/finite.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "kernels/half.h"
#include "random_matrix.h"

namespace bantam::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr uint16_t kHalfInfinity = 0xFC00;
constexpr uint16_t kHalfNan = 0x7E01;

void put_half(std::vector<std::byte>& bytes, int64_t at, uint16_t half) {
  std::memcpy(bytes.data() + at, &half, sizeof(half));
}

TEST(AllFinite, SeesEveryPlace) {
  std::vector<float> values(37, -3.4e38f);
  for (int64_t n = 0; n <= 37; ++n) {
    EXPECT_TRUE(all_finite(values.data(), n));
  }
  for (const float poison : {kInfinity, -kInfinity, kNan, -kNan}) {
    for (size_t i = 0; i < values.size(); ++i) {
      std::vector<float> bad = values;
      bad[i] = poison;
      EXPECT_FALSE(all_finite(bad.data(), 37)) << i;
      EXPECT_TRUE(all_finite(bad.data(), static_cast<int64_t>(i)));
    }
  }
}

TEST(FirstNotFinite, NamesTheBlockWhoseScaleIsDamaged) {
  int formats = 0;
  for (const FormatCase& format : all_formats()) {
    if (format.halves.empty()) {
      continue;
    }
    ++formats;
    SCOPED_TRACE(format.name);
    const int64_t step = column_step(format);
    const RandomMatrix random(format, 3, 4 * step, 11);
    const WeightMatrix& w = random.matrix();
    const int64_t size = w.rows * w.row_bytes;
    const std::vector<std::byte> sound(w.data, w.data + size);
    EXPECT_EQ(first_not_finite(format.format, sound.data(), size), -1);
    for (const int at : format.halves) {
      for (const uint16_t poison : {kHalfInfinity, kHalfNan}) {
        std::vector<std::byte> bad = sound;
        put_half(bad, 7 * (w.row_bytes / 4) + at, poison);
        EXPECT_EQ(first_not_finite(format.format, bad.data(), size), 7);
      }
    }
  }
  EXPECT_GT(formats, 15);
}

TEST(FirstNotFinite, NamesTheFloat) {
  // One byte off, as a file may place them.
  std::vector<std::byte> bytes(1 + 4 * 20);
  std::byte* data = bytes.data() + 1;
  EXPECT_EQ(first_not_finite(WeightFormat::f32, data, 80), -1);
  std::memcpy(data + 4 * 13, &kNan, sizeof(kNan));
  EXPECT_EQ(first_not_finite(WeightFormat::f32, data, 80), 13);
  EXPECT_EQ(first_not_finite(WeightFormat::f32, data, 52), -1);
  std::fill(bytes.begin(), bytes.end(), std::byte{0});
  put_half(bytes, 1 + 2 * 9, kHalfInfinity);
  EXPECT_EQ(first_not_finite(WeightFormat::f16, data, 80), 9);
  EXPECT_EQ(first_not_finite(WeightFormat::bf16, data, 80), -1);
  put_half(bytes, 1 + 2 * 8, 0x7F80);
  EXPECT_EQ(first_not_finite(WeightFormat::bf16, data, 80), 8);
}

// Nothing but the scales counts: any integers are sound.
TEST(FirstNotFinite, IntegersAreNeverDamaged) {
  const std::vector<std::byte> ones(1 << 12, std::byte{0xFF});
  EXPECT_EQ(first_not_finite(WeightFormat::mxfp4, ones.data(), 17 * 8), -1);
  EXPECT_EQ(first_not_finite(WeightFormat::affine, ones.data(), 1 << 12), -1);
}

}  // namespace
}  // namespace bantam::kernels
