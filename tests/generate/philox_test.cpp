// SPDX-License-Identifier: MIT
#include "generate/philox.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

using Words = std::array<uint32_t, 4>;

// The known answers that the authors publish with their code.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(
      philox4x32({0, 0, 0, 0}, {0, 0}),
      (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(
      philox4x32({ones, ones, ones, ones}, {ones, ones}),
      (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox4x32(
          {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
          {0xa4093822, 0x299f31d0}),
      (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformNumbersLieInTheUnitInterval) {
  double sum = 0;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    const double u = uniform(7, i);
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
  }
  EXPECT_NEAR(sum / 1'000'000, 0.5, 0.002);
  EXPECT_EQ(uniform(7, 3), uniform(7, 3));
  EXPECT_NE(uniform(7, 3), uniform(8, 3));
}

}  // namespace
}  // namespace bantam
