// SPDX-License-Identifier: MIT
// Products of every format: bit for bit the contract, on every target, for any
// split of rows and tokens; and close to the format's definition in double.
#include "kernels/matmul.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>

#include "contract.h"
#include "kernels/targets.h"
#include "random_matrix.h"

namespace bantam::kernels {
namespace {

struct Shape {
  int64_t rows;
  int64_t cols;
  int64_t tokens;
};

// [tokens, rows] by the kernels.
std::vector<float> multiply(
    const WeightMatrix& w,
    const float* x,
    int64_t tokens,
    ThreadPool& pool,
    Store store = Store::assign,
    float initial = -77.0f) {
  Activations activations;
  activations.reserve(tokens, w.cols);
  activations.prepare(x, w.cols, tokens, w.cols, w.group_size(), pool);
  std::vector<float> y(static_cast<size_t>(tokens * w.rows), initial);
  matmul(w, activations, y.data(), w.rows, store, pool);
  return y;
}

// NaNs are equal whatever their sign and payload.
bool same_bits(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) ||
      std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

void expect_contract(
    const WeightMatrix& w,
    const std::vector<float>& x,
    int64_t tokens,
    const std::vector<float>& y) {
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t row = 0; row < w.rows; ++row) {
      const float expected = contract::dot(w, row, x.data() + t * w.cols);
      const float actual = y[static_cast<size_t>(t * w.rows + row)];
      ASSERT_TRUE(same_bits(actual, expected))
          << "token " << t << " row " << row << ": " << actual << " instead of "
          << expected;
    }
  }
}

class MatmulTest : public testing::TestWithParam<FormatCase> {
 protected:
  int64_t step() const { return column_step(GetParam()); }
  void TearDown() override { set_target(supported_targets().front()); }
};

// Another format whose matrices multiply the same activations; or the same.
FormatCase companion_of(const FormatCase& format, int64_t cols) {
  const int group = RandomMatrix(format, 1, cols, 1).matrix().group_size();
  FormatCase found = format;
  for (const FormatCase& other : all_formats()) {
    if (cols % column_step(other) == 0 && other.format != format.format &&
        RandomMatrix(other, 1, cols, 1).matrix().group_size() == group) {
      found = other;
    }
  }
  return found;
}

// What a thread keeps from one range to the next must be of the format.
TEST_P(MatmulTest, SeveralInOneLoopEqualEachAlone) {
  const int64_t cols = step() == 1 ? 77 : 3 * step();
  const RandomMatrix first(GetParam(), 200, cols, 31);
  const RandomMatrix second(companion_of(GetParam(), cols), 70, cols, 32);
  const RandomMatrix third(GetParam(), 37, cols, 33);
  constexpr int64_t kTokens = 3;
  const std::vector<float> x = random_activations(kTokens * cols, 34);
  for (const std::string_view target : supported_targets()) {
    set_target(target);
    ThreadPool pool(2);
    Activations activations;
    activations.reserve(kTokens, cols);
    activations.prepare(
        x.data(), cols, kTokens, cols, first.matrix().group_size(), pool);
    std::vector<std::vector<float>> y;
    std::vector<Product> products;
    y.reserve(3);
    for (const RandomMatrix* m : {&first, &second, &third}) {
      const int64_t rows = m->matrix().rows;
      y.emplace_back(static_cast<size_t>(kTokens * rows), -77.0f);
      products.push_back({m->matrix(), y.back().data(), rows});
    }
    matmul(products, activations, Store::assign, pool);
    for (const Product& product : products) {
      const std::vector<float> alone =
          multiply(product.w, x.data(), kTokens, pool);
      for (size_t i = 0; i < alone.size(); ++i) {
        ASSERT_TRUE(same_bits(product.y[i], alone[i])) << target;
      }
    }
  }
}

TEST_P(MatmulTest, EqualsTheContractOnEveryTarget) {
  const int64_t s = step();
  const Shape shapes[] = {
      {1, s, 1},
      {37, s == 1 ? 77 : 3 * s, 1},
      {33, s == 1 ? 16 : 16 * s, 2},
      {19, s == 1 ? 600 : 21 * s, 7},
      {64, s == 1 ? 33 : 2 * s, 16},
      {5, s == 1 ? 130 : 5 * s, 33},
      {18, 8448, 2},  // more than the first cache holds, for some kernels
  };
  uint64_t seed = 1;
  for (const Shape& shape : shapes) {
    SCOPED_TRACE(
        testing::Message() << shape.rows << " x " << shape.cols << ", "
                           << shape.tokens << " tokens");
    const RandomMatrix random(GetParam(), shape.rows, shape.cols, ++seed);
    const WeightMatrix& w = random.matrix();
    const auto x = random_activations(shape.tokens * shape.cols, seed);
    for (const std::string_view target : supported_targets()) {
      SCOPED_TRACE(target);
      ASSERT_TRUE(set_target(target));
      ThreadPool pool(1);
      expect_contract(
          w, x, shape.tokens, multiply(w, x.data(), shape.tokens, pool));
    }
  }
}

TEST_P(MatmulTest, ThreadsAndChunksDoNotChangeABit) {
  const int64_t cols = step() == 1 ? 300 : 6 * step();
  const int64_t tokens = 29;
  const RandomMatrix random(GetParam(), 331, cols, 5);
  const WeightMatrix& w = random.matrix();
  const auto x = random_activations(tokens * cols, 6);
  ThreadPool one(1);
  const auto whole = multiply(w, x.data(), tokens, one);
  for (const int threads : {2, 3}) {
    ThreadPool pool(threads);
    EXPECT_EQ(multiply(w, x.data(), tokens, pool), whole);
    for (const int64_t chunk : {1, 2, 5, 6, 11}) {
      std::vector<float> pieces;
      for (int64_t t = 0; t < tokens; t += chunk) {
        const auto piece =
            multiply(w, x.data() + t * cols, std::min(chunk, tokens - t), pool);
        pieces.insert(pieces.end(), piece.begin(), piece.end());
      }
      EXPECT_EQ(pieces, whole) << "chunks of " << chunk;
    }
  }
}

TEST_P(MatmulTest, IsCloseToTheDefinition) {
  const int64_t cols = step() == 1 ? 1000 : 24 * step();
  const RandomMatrix random(GetParam(), 20, cols, 9);
  const WeightMatrix& w = random.matrix();
  std::vector<float> x = random_activations(cols, 10);
  ThreadPool pool(1);
  const auto y = multiply(w, x.data(), 1, pool);
  for (int64_t row = 0; row < w.rows; ++row) {
    double sum = 0;
    double size = 0;
    for (int64_t k = 0; k < cols; ++k) {
      const double product = static_cast<double>(contract::weight(w, row, k)) *
          static_cast<double>(x[static_cast<size_t>(k)]);
      sum += product;
      size += product * product;
    }
    // 16 bits for each activation, relative to the largest of its group.
    EXPECT_NEAR(y[static_cast<size_t>(row)], sum, 3e-4 * std::sqrt(size))
        << "row " << row;
  }
}

TEST_P(MatmulTest, AddsToWhatIsThere) {
  const int64_t cols = step() == 1 ? 48 : 2 * step();
  const RandomMatrix random(GetParam(), 21, cols, 3);
  const WeightMatrix& w = random.matrix();
  ThreadPool pool(1);
  for (const int64_t tokens : {1, 9, 17}) {
    const auto x = random_activations(tokens * cols, 4);
    const auto plain = multiply(w, x.data(), tokens, pool);
    const auto added = multiply(w, x.data(), tokens, pool, Store::add, 0.75f);
    for (size_t i = 0; i < plain.size(); ++i) {
      EXPECT_EQ(added[i], 0.75f + plain[i]);
    }
  }
}

TEST_P(MatmulTest, AnyScaleBitsFollowTheContract) {
  const int64_t cols = step() == 1 ? 40 : 3 * step();
  const RandomMatrix random(GetParam(), 40, cols, 11, RandomScales::any);
  const WeightMatrix& w = random.matrix();
  const int64_t tokens = 17;
  const auto x = random_activations(tokens * cols, 12);
  for (const std::string_view target : supported_targets()) {
    SCOPED_TRACE(target);
    ASSERT_TRUE(set_target(target));
    ThreadPool pool(1);
    expect_contract(w, x, tokens, multiply(w, x.data(), tokens, pool));
    expect_contract(w, x, 1, multiply(w, x.data(), 1, pool));
  }
}

TEST_P(MatmulTest, DequantizesARow) {
  const int64_t cols = step() == 1 ? 45 : 3 * step();
  const RandomMatrix random(GetParam(), 7, cols, 13);
  const WeightMatrix& w = random.matrix();
  for (int64_t row = 0; row < w.rows; ++row) {
    std::vector<float> out(static_cast<size_t>(cols));
    dequantize_row(w, row, out.data());
    for (int64_t k = 0; k < cols; ++k) {
      ASSERT_TRUE(
          same_bits(out[static_cast<size_t>(k)], contract::weight(w, row, k)));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats,
    MatmulTest,
    testing::ValuesIn(all_formats()),
    [](const auto& each) { return each.param.name; });

TEST(MatmulFormats, NoneIsLeftOut) {
  std::set<WeightFormat> tested;
  for (const FormatCase& format : all_formats()) {
    tested.insert(format.format);
  }
  EXPECT_EQ(tested.size(), static_cast<size_t>(WeightFormat::mlx_nvfp4) + 1);
}

// The largest integers that a group can sum up to: no product overflows.
TEST(MatmulBounds, LargestSumsAreExact) {
  for (const FormatCase& format : all_formats()) {
    if (format.group != 128 && format.format != WeightFormat::q8_0) {
      continue;
    }
    const int64_t cols = 256;
    const RandomMatrix random(format, 33, cols, 1);
    const WeightMatrix& w = random.matrix();
    auto* data = const_cast<std::byte*>(w.data);
    if (format.format == WeightFormat::q8_0) {
      for (int64_t b = 0; b < w.rows * w.row_bytes; b += 34) {
        std::memset(data + b + 2, 0x80, 32);
      }
    } else {
      std::memset(data, 0xFF, static_cast<size_t>(w.rows * w.row_bytes));
    }
    for (const float sign : {1.0f, -1.0f}) {
      const int64_t tokens = 16;
      const std::vector<float> x(
          static_cast<size_t>(tokens * cols), sign * 3.25f);
      for (const std::string_view target : supported_targets()) {
        SCOPED_TRACE(format.name + " " + std::string(target));
        ASSERT_TRUE(set_target(target));
        ThreadPool pool(1);
        expect_contract(w, x, tokens, multiply(w, x.data(), tokens, pool));
        expect_contract(w, x, 1, multiply(w, x.data(), 1, pool));
      }
    }
  }
  set_target(supported_targets().front());
}

// What is not a number stays visible.
TEST(MatmulBounds, InfinitiesAndNansInActivationsSpread) {
  FormatCase format;
  format.format = WeightFormat::q4_1;
  format.halves = {0, 2};
  const RandomMatrix random(format, 20, 64, 1);
  for (const float poison :
       {std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity(),
        std::numeric_limits<float>::quiet_NaN()}) {
    for (const int64_t tokens : {1, 8, 16}) {
      auto x = random_activations(tokens * 64, 2);
      x[40] = poison;
      ThreadPool pool(1);
      const auto y = multiply(random.matrix(), x.data(), tokens, pool);
      for (int64_t row = 0; row < 20; ++row) {
        EXPECT_TRUE(std::isnan(y[static_cast<size_t>(row)]));
      }
      for (int64_t i = 20; i < tokens * 20; ++i) {
        EXPECT_TRUE(std::isfinite(y[static_cast<size_t>(i)]));
      }
    }
  }
}

// Groups too small for a 16-bit scale count as zeros, and only those.
TEST(MatmulBounds, TinyActivations) {
  FormatCase format;
  format.format = WeightFormat::q8_0;
  format.halves = {0};
  const RandomMatrix random(format, 8, 64, 1);
  for (const float size : {1e-45f, 1e-38f, 1e-31f, 1e-29f, 1e-20f, 1e38f}) {
    std::vector<float> x(64, size);
    ThreadPool pool(1);
    const auto y = multiply(random.matrix(), x.data(), 1, pool);
    expect_contract(random.matrix(), x, 1, y);
  }
}

}  // namespace
}  // namespace bantam::kernels
