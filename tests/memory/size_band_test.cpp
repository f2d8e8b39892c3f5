// SPDX-License-Identifier: MIT
#include "memory/size_band.h"
#include "base/size.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

constexpr int64_t kGigabyte = 1'000'000'000;

TEST(SizeBand, TenToTwelveGigabytesOn16) {
  const SizeBand band = size_band(26'896'000'000, 16 * kGiB);
  EXPECT_EQ(band.low_bytes, 10 * kGigabyte);
  EXPECT_EQ(band.high_bytes, 12 * kGigabyte);
  EXPECT_EQ(band.verdict(9'900'000'000), SizeVerdict::below);
  EXPECT_EQ(band.verdict(11'771'000'000), SizeVerdict::inside);
  EXPECT_EQ(band.verdict(15'133'000'000), SizeVerdict::above);
}

TEST(SizeBand, GrowsWithTheMachine) {
  // 4 bits take 15.1 GB: from 24 GiB on.
  EXPECT_EQ(
      size_band(26'896'000'000, 24 * kGiB).verdict(15'133'000'000),
      SizeVerdict::inside);
  EXPECT_EQ(
      size_band(134'515'008, 8 * kGiB).verdict(98'000'000),
      SizeVerdict::inside);
}

}  // namespace
}  // namespace bantam
