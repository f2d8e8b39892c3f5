// SPDX-License-Identifier: MIT
#include "kernels/logits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "contract.h"
#include "kernels/targets.h"
#include "random_matrix.h"

namespace bantam::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class LogitsTest : public testing::Test {
 protected:
  void TearDown() override { set_target(supported_targets().front()); }
};

TEST_F(LogitsTest, TheFirstOfTheLargestOnEveryTarget) {
  for (const std::string_view target : supported_targets()) {
    SCOPED_TRACE(target);
    ASSERT_TRUE(set_target(target));
    for (const int64_t n : {1, 15, 16, 17, 100, 1003}) {
      std::vector<float> x(static_cast<size_t>(n), -kInfinity);
      EXPECT_EQ(largest_logit(x.data(), n).index, -1);
      x.back() = -3;
      EXPECT_EQ(largest_logit(x.data(), n).index, n - 1);
      x[static_cast<size_t>(n / 2)] = -2;
      x.back() = -2;
      EXPECT_EQ(largest_logit(x.data(), n).index, n / 2);
      EXPECT_EQ(largest_logit(x.data(), n).value, -2);
      for (const float bad : {kInfinity, -kInfinity * 0.0f}) {
        for (size_t at = 0; at < x.size(); at += 1 + x.size() / 9) {
          std::vector<float> y = x;
          y[at] = bad;
          EXPECT_EQ(largest_logit(y.data(), n).index, -1) << n << " " << at;
        }
      }
    }
  }
}

TEST_F(LogitsTest, WeightsAreTheContractsExponentials) {
  const int64_t n = 203;
  std::vector<float> x = random_activations(n, 3);
  x[7] = -kInfinity;
  x[8] = 5000;
  for (const std::string_view target : supported_targets()) {
    SCOPED_TRACE(target);
    ASSERT_TRUE(set_target(target));
    std::vector<float> weights(static_cast<size_t>(n));
    exponentials(x.data(), 5000.0f, 0.0625f, n, weights.data());
    for (int64_t i = 0; i < n; ++i) {
      const float e = (x[static_cast<size_t>(i)] - 5000.0f) * 0.0625f;
      EXPECT_EQ(
          weights[static_cast<size_t>(i)],
          e >= -87.0f ? contract::exp(e) : 0.0f);
    }
    EXPECT_EQ(weights[7], 0);
    EXPECT_EQ(weights[8], 1);
  }
}

TEST_F(LogitsTest, SumsInOneOrderOnEveryTarget) {
  const std::vector<float> weights = random_activations(2003, 9);
  const double expected = sum_of_weights(weights.data(), 2003);
  for (const std::string_view target : supported_targets()) {
    ASSERT_TRUE(set_target(target));
    EXPECT_EQ(sum_of_weights(weights.data(), 2003), expected) << target;
  }
}

TEST_F(LogitsTest, SumsEveryWeightOnce) {
  std::vector<float> weights(101);
  for (int64_t n = 0; n <= 101; ++n) {
    EXPECT_EQ(
        sum_of_weights(weights.data(), n),
        static_cast<double>(n * (n - 1) / 2));
    if (n < 101) {
      weights[static_cast<size_t>(n)] = static_cast<float>(n);
    }
  }
}

TEST_F(LogitsTest, SumsWhatIsHeavyEnough) {
  std::vector<float> weights;
  for (int i = 0; i < 203; ++i) {
    weights.push_back(static_cast<float>(i * 71 % 203));
  }
  for (const std::string_view target : supported_targets()) {
    SCOPED_TRACE(target);
    ASSERT_TRUE(set_target(target));
    for (const int least : {0, 1, 100, 202, 203}) {
      int expected = 0;
      for (int i = least; i < 203; ++i) {
        expected += i;
      }
      EXPECT_EQ(
          sum_at_least(weights.data(), 203, static_cast<float>(least)),
          static_cast<float>(expected));
    }
  }
}

TEST_F(LogitsTest, FirstAboveOnEveryTarget) {
  std::vector<float> values(1000, -1.0f);
  values[3] = std::numeric_limits<float>::quiet_NaN();
  for (const std::string_view target : supported_targets()) {
    SCOPED_TRACE(target);
    ASSERT_TRUE(set_target(target));
    EXPECT_EQ(first_above(values.data(), 0, 1000, -1.0f), 1000);
    EXPECT_EQ(first_above(values.data(), 1000, 1000, -2.0f), 1000);
    EXPECT_EQ(first_above(values.data(), 3, 1000, -2.0f), 4);
    for (int64_t at = 0; at < 1000; ++at) {
      const float before = values[at];
      values[at] = 2.0f;
      const int64_t from = at > 70 ? at - 70 : 0;
      ASSERT_EQ(first_above(values.data(), from, 1000, 1.0f), at);
      ASSERT_EQ(first_above(values.data(), from, 1000, 2.0f), 1000);
      values[at] = before;
    }
  }
}

}  // namespace
}  // namespace bantam::kernels
