// SPDX-License-Identifier: MIT
// Beside the C library's in long double.
#include "kernels/scalar_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace bantam::kernels {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double units_apart(double got, long double expected) {
  const double unit =
      std::nextafter(std::fabs(static_cast<double>(expected)), kInfinity) -
      std::fabs(static_cast<double>(expected));
  return static_cast<double>(
      std::fabs(static_cast<long double>(got) - expected) / unit);
}

TEST(ScalarMath, IsNearTheLibrarys) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20000; ++i) {
    const double u = static_cast<double>(random() >> 11) * 0x1p-53;
    const double x = (u - 0.5) * 1400;
    EXPECT_LE(
        units_apart(steady_exp(x), std::exp(static_cast<long double>(x))), 4)
        << x;
    const double y =
        std::ldexp(1 + u, static_cast<int>(random() % 2000) - 1000);
    EXPECT_LE(
        units_apart(steady_log(y), std::log(static_cast<long double>(y))), 4)
        << y;
    EXPECT_LE(
        units_apart(steady_log1p(u), std::log1p(static_cast<long double>(u))),
        4)
        << u;
    EXPECT_NEAR(steady_pow(5e6, -u), std::pow(5e6, -u), 1e-14);
  }
}

TEST(ScalarMath, Edges) {
  EXPECT_EQ(steady_exp(0), 1);
  EXPECT_EQ(steady_exp(-kInfinity), 0);
  EXPECT_EQ(steady_exp(kInfinity), kInfinity);
  EXPECT_EQ(steady_exp(710), kInfinity);
  EXPECT_GT(steady_exp(-740), 0);
  EXPECT_TRUE(std::isnan(steady_exp(NAN)));
  EXPECT_EQ(steady_log(1), 0);
  EXPECT_EQ(steady_log(0), -kInfinity);
  EXPECT_EQ(steady_log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(steady_log(-1)));
  EXPECT_TRUE(std::isnan(steady_log(NAN)));
  EXPECT_EQ(steady_log1p(0), 0);
  EXPECT_EQ(steady_log1p(1e-300), 1e-300);
  EXPECT_EQ(steady_pow(10000, 0), 1);
}

}  // namespace
}  // namespace bantam::kernels
