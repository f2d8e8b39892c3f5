// SPDX-License-Identifier: MIT
// RMS norm, RoPE, SwiGLU and softmax: the contract's bits on every target, and
// the textbook's values in double.
#include "kernels/elementwise.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <random>

#include "contract.h"
#include "kernels/targets.h"
#include "random_matrix.h"

namespace bantam::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class ElementwiseTest : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override { ASSERT_TRUE(set_target(GetParam())); }
  void TearDown() override { set_target(supported_targets().front()); }
  ThreadPool pool_{2};
};

std::vector<float> uniform(int64_t count, float low, float high) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> draw(low, high);
  std::vector<float> x(static_cast<size_t>(count));
  for (float& value : x) {
    value = draw(random);
  }
  return x;
}

TEST_P(ElementwiseTest, RmsNorm) {
  for (const int64_t cols : {1, 15, 16, 64, 100, 576}) {
    const int64_t tokens = 70;
    const auto x = uniform(tokens * cols, -3, 3);
    const auto weight = uniform(cols, 0.5f, 2);
    std::vector<float> y(x.size());
    rms_norm(x.data(), weight.data(), 1e-5f, tokens, cols, y.data(), pool_);
    std::vector<float> in_place = x;
    rms_norm(
        in_place.data(),
        weight.data(),
        1e-5f,
        tokens,
        cols,
        in_place.data(),
        pool_);
    EXPECT_EQ(in_place, y);
    for (int64_t t = 0; t < tokens; ++t) {
      std::vector<float> expected(static_cast<size_t>(cols));
      contract::rms_norm(
          x.data() + t * cols, weight.data(), 1e-5f, cols, expected.data());
      double squares = 0;
      for (int64_t k = 0; k < cols; ++k) {
        squares += std::pow(x[static_cast<size_t>(t * cols + k)], 2.0);
      }
      const double norm = std::sqrt(squares / static_cast<double>(cols) + 1e-5);
      for (int64_t k = 0; k < cols; ++k) {
        const auto i = static_cast<size_t>(t * cols + k);
        ASSERT_EQ(y[i], expected[static_cast<size_t>(k)]);
        ASSERT_NEAR(y[i], x[i] / norm * weight[static_cast<size_t>(k)], 2e-6);
      }
    }
  }
}

TEST_P(ElementwiseTest, RopeOfBothPairings) {
  std::vector<float> frequencies(100);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] =
        static_cast<float>(std::pow(10000.0, -static_cast<double>(i) / 32.0));
  }
  const RopeShape shapes[] = {
      {3, 64, 32, false},
      {3, 64, 32, true},
      {2, 80, 20, false},
      {2, 80, 20, true},
      {1, 6, 3, true},
      {1, 200, 100, false},
      {1, 256, 100, true},
  };
  for (const RopeShape& shape : shapes) {
    const int64_t stride = shape.heads * shape.head_dim + 5;
    const int64_t tokens = 19;
    for (const int64_t position : {0, 1000, 131000, 1000000}) {
      auto x = uniform(tokens * stride, -2, 2);
      const auto before = x;
      rope(
          x.data(),
          stride,
          tokens,
          position,
          shape,
          frequencies.data(),
          1.25f,
          pool_);
      auto expected = before;
      for (int64_t t = 0; t < tokens; ++t) {
        contract::rope(
            expected.data() + t * stride,
            position + t,
            shape,
            frequencies.data(),
            1.25f);
      }
      ASSERT_EQ(x, expected);
      for (int64_t i = 0; i < shape.pairs; ++i) {  // last token, first head
        const int64_t base = (tokens - 1) * stride;
        const auto a =
            static_cast<size_t>(base + (shape.interleaved ? 2 * i : i));
        const auto b = static_cast<size_t>(
            base + (shape.interleaved ? 2 * i + 1 : i + shape.pairs));
        const double angle = static_cast<double>(position + tokens - 1) *
            frequencies[static_cast<size_t>(i)];
        ASSERT_NEAR(
            x[a],
            1.25 * (before[a] * std::cos(angle) - before[b] * std::sin(angle)),
            1e-6);
        ASSERT_NEAR(
            x[b],
            1.25 * (before[a] * std::sin(angle) + before[b] * std::cos(angle)),
            1e-6);
      }
    }
  }
}

TEST_P(ElementwiseTest, Swiglu) {
  const int64_t tokens = 11;
  const int64_t cols = 1037;
  const int64_t stride = 2 * cols + 3;
  auto gate = uniform(tokens * stride, -20, 20);
  gate[0] = 0.0f;
  gate[1] = -200.0f;
  gate[2] = 200.0f;
  gate[3] = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> out(static_cast<size_t>(tokens * cols));
  swiglu(
      gate.data(), gate.data() + cols, stride, tokens, cols, out.data(), pool_);
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t k = 0; k < cols; ++k) {
      const float g = gate[static_cast<size_t>(t * stride + k)];
      const float u = gate[static_cast<size_t>(t * stride + cols + k)];
      const float actual = out[static_cast<size_t>(t * cols + k)];
      if (std::isnan(g)) {
        ASSERT_TRUE(std::isnan(actual));
        continue;
      }
      ASSERT_EQ(
          std::bit_cast<uint32_t>(actual),
          std::bit_cast<uint32_t>(contract::swiglu(g, u)));
      const double expected = g / (1 + std::exp(-static_cast<double>(g))) * u;
      ASSERT_NEAR(actual, expected, 1e-6 * std::fabs(expected) + 1e-30);
    }
  }
}

TEST_P(ElementwiseTest, SoftmaxFollowsTheContract) {
  for (const int64_t n : {1, 2, 15, 16, 17, 100, 4097}) {
    auto x = uniform(n, -90, 90);
    auto expected = x;
    const float log_sum = softmax(x.data(), n);
    ASSERT_EQ(log_sum, contract::softmax(expected.data(), n));
    ASSERT_EQ(x, expected);
    double sum = 0;
    for (const float p : x) {
      sum += p;
    }
    EXPECT_NEAR(sum, 1.0, 1e-5);
  }
}

TEST_P(ElementwiseTest, SoftmaxOfEdges) {
  std::vector<float> x{-kInfinity, 3e38f, -kInfinity, 3e38f, -3e38f};
  EXPECT_EQ(softmax(x.data(), 5), 3e38f);
  EXPECT_EQ(x, (std::vector<float>{0, 0.5f, 0, 0.5f, 0}));
  std::vector<float> none(20, -kInfinity);
  EXPECT_EQ(softmax(none.data(), 20), -kInfinity);
  EXPECT_EQ(none, std::vector<float>(20, 0.0f));
  EXPECT_EQ(softmax(none.data(), 0), -kInfinity);
  for (const size_t at : {0u, 7u, 39u}) {
    std::vector<float> bad(40, 1.0f);
    bad[at] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(std::isnan(softmax(bad.data(), 40)));
    EXPECT_TRUE(std::isnan(bad[3]));
  }
}

// e^x through softmax of {0, x}: the second value is e^x / (1 + e^x), so e^x
// itself is checked against the contract's, and that against libm.
TEST(ExponentialTest, ContractIsWithinTwoUnitsOfTheLastPlace) {
  double worst = 0;
  for (int i = 0; i <= 2'000'000; ++i) {
    const float x = -87.3f + 175.9f * static_cast<float>(i) / 2e6f;
    const double exact = std::exp(static_cast<double>(x));
    const auto rounded = static_cast<float>(exact);
    const double unit =
        static_cast<double>(std::nextafterf(rounded, kInfinity)) -
        static_cast<double>(rounded);
    worst = std::max(
        worst, std::fabs(static_cast<double>(contract::exp(x)) - exact) / unit);
  }
  EXPECT_LT(worst, 2.0);
  EXPECT_EQ(contract::exp(0.0f), 1.0f);
  EXPECT_EQ(contract::exp(-kInfinity), 0.0f);
  EXPECT_EQ(contract::exp(kInfinity), kInfinity);
  EXPECT_GT(contract::exp(-103.0f), 0.0f);  // subnormal, not flushed
}

TEST_P(ElementwiseTest, NormHeads) {
  const int64_t tokens = 9, heads = 3, head_dim = 20, stride = 77;
  const auto x = uniform(tokens * stride, -3, 3);
  const auto weight = uniform(head_dim, 0.5f, 2);
  std::vector<float> y = x;
  norm_heads(
      y.data(), stride, tokens, heads, head_dim, weight.data(), 1e-6f, pool_);
  std::vector<float> expected = x;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t at = t * stride + h * head_dim;
      contract::rms_norm(
          x.data() + at, weight.data(), 1e-6f, head_dim, expected.data() + at);
    }
  }
  EXPECT_EQ(y, expected);  // what lies beside the heads, too
}

TEST_P(ElementwiseTest, GateHeads) {
  const int64_t tokens = 5, heads = 2, head_dim = 19, stride = 90;
  const auto gate = uniform(tokens * stride, -9, 9);
  const auto x = uniform(tokens * heads * head_dim, -3, 3);
  std::vector<float> y = x;
  gate_heads(y.data(), gate.data(), stride, 40, tokens, heads, head_dim, pool_);
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t h = 0; h < heads; ++h) {
      for (int64_t k = 0; k < head_dim; ++k) {
        const auto i = static_cast<size_t>((t * heads + h) * head_dim + k);
        const float g = gate[static_cast<size_t>(t * stride + h * 40 + k)];
        ASSERT_EQ(y[i], x[i] / (1.0f + contract::exp(-g)));
        ASSERT_NEAR(y[i], x[i] / (1 + std::exp(-static_cast<double>(g))), 2e-6);
      }
    }
  }
}

// By its formula, in the order of kernels/elementwise.h.
TEST_P(ElementwiseTest, ClampedSwiglu) {
  const int64_t tokens = 3, cols = 37, stride = 100;
  auto x = uniform(tokens * stride, -12, 12);
  x[3] = std::numeric_limits<float>::quiet_NaN();
  x[60] = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> y(tokens * cols);
  clamped_swiglu(
      x.data(),
      x.data() + 50,
      stride,
      tokens,
      cols,
      {.alpha = 1.702f, .limit = 7.0f},
      y.data(),
      pool_);
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t k = 0; k < cols; ++k) {
      const float gate = x[static_cast<size_t>(t * stride + k)];
      const float up = x[static_cast<size_t>(t * stride + 50 + k)];
      const float got = y[static_cast<size_t>(t * cols + k)];
      if (std::isnan(gate) || std::isnan(up)) {
        ASSERT_TRUE(std::isnan(got));
        continue;
      }
      const double g = std::min<double>(gate, 7);
      const double u = std::clamp<double>(up, -7, 7);
      const double want = (u + 1) * g / (1 + std::exp(-1.702 * g));
      ASSERT_NEAR(got, want, 1e-5 + 1e-6 * std::fabs(want));
    }
  }
}

TEST_P(ElementwiseTest, Geglu) {
  const int64_t tokens = 3, cols = 37, stride = 100;
  const auto x = uniform(tokens * stride, -6, 6);
  std::vector<float> y(tokens * cols);
  geglu(x.data(), x.data() + 50, stride, tokens, cols, y.data(), pool_);
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t k = 0; k < cols; ++k) {
      const float g = x[static_cast<size_t>(t * stride + k)];
      const float up = x[static_cast<size_t>(t * stride + 50 + k)];
      const float bent = std::fma(g * g * g, 0.044715f, g);
      const float e = contract::exp(bent * -1.5957691216f);
      const float got = y[static_cast<size_t>(t * cols + k)];
      ASSERT_EQ(got, g / (1.0f + e) * up);
      const double d = static_cast<double>(g);
      const double gelu = 0.5 * d *
          (1 +
           std::tanh(
               std::sqrt(2 / std::numbers::pi) * (d + 0.044715 * d * d * d)));
      ASSERT_NEAR(got, gelu * static_cast<double>(up), 1e-5);
    }
  }
}

TEST_P(ElementwiseTest, SoftCap) {
  auto x = uniform(1000, -200, 200);
  x.push_back(1e30f);
  x.push_back(-1e30f);
  std::vector<float> y = x;
  soft_cap(y.data(), 30.0f, static_cast<int64_t>(y.size()), pool_);
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(y[i], 30 * std::tanh(static_cast<double>(x[i]) / 30), 1e-5);
  }
}

TEST_P(ElementwiseTest, AddScaled) {
  const auto x = uniform(53, -3, 3);
  std::vector<float> y(60, 1.5f);
  add_scaled(x.data(), 0.7f, 53, y.data());
  for (size_t i = 0; i < y.size(); ++i) {
    ASSERT_EQ(y[i], i < 53 ? std::fma(0.7f, x[i], 1.5f) : 1.5f);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Targets,
    ElementwiseTest,
    testing::ValuesIn(supported_targets()),
    [](const auto& each) { return std::string(each.param); });

}  // namespace
}  // namespace bantam::kernels
