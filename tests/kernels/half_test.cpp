// SPDX-License-Identifier: MIT
#include "kernels/half.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>

namespace bantam::kernels {
namespace {

// The value by the format's definition.
double half_value(uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const double mantissa = half & 1023;
  const double magnitude = exponent == 0
      ? std::ldexp(mantissa, -24)
      : std::ldexp(1024 + mantissa, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(Half, EveryHalfWidensExactlyAndComesBack) {
  for (int i = 0; i < 65536; ++i) {
    const auto half = static_cast<uint16_t>(i);
    const float wide = f16_to_f32(half);
    if (((half >> 10) & 31) != 31) {
      EXPECT_EQ(static_cast<double>(wide), half_value(half));
      EXPECT_EQ(f32_to_f16(wide), half);
    } else if ((half & 1023) == 0) {
      EXPECT_TRUE(std::isinf(wide));
      EXPECT_EQ(f32_to_f16(wide), half);
    } else {
      EXPECT_TRUE(std::isnan(wide));
      EXPECT_TRUE(std::isnan(f16_to_f32(f32_to_f16(wide))));
    }
  }
}

// Between two neighbouring halves, the nearer one; in the middle, the even.
TEST(Half, RoundsToNearestEven) {
  for (int i = 0; i < 0x7BFF; ++i) {
    const auto low = static_cast<uint16_t>(i);
    const auto high = static_cast<uint16_t>(i + 1);
    const float middle = (f16_to_f32(low) + f16_to_f32(high)) / 2;
    EXPECT_EQ(f32_to_f16(middle), (i & 1) == 0 ? low : high);
    EXPECT_EQ(f32_to_f16(std::nextafterf(middle, 0.0f)), low);
    EXPECT_EQ(f32_to_f16(std::nextafterf(middle, 1e9f)), high);
    EXPECT_EQ(f32_to_f16(-middle), f32_to_f16(middle) | 0x8000);
  }
  EXPECT_EQ(f32_to_f16(65519.996f), 0x7BFF);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7C00);
  EXPECT_EQ(f32_to_f16(1e30f), 0x7C00);
}

}  // namespace
}  // namespace bantam::kernels
