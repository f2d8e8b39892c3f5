// SPDX-License-Identifier: MIT
#include "kernels/finite.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace bantam::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

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

}  // namespace
}  // namespace bantam::kernels
