// SPDX-License-Identifier: MIT
// An encoder's kernels: the same bits on every target, and the textbook's
// values in double.
#include "kernels/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "kernels/half.h"
#include "kernels/packed_matmul.h"
#include "kernels/targets.h"

namespace bantam::kernels {
namespace {

std::vector<float> uniform(int64_t count, unsigned seed, float range = 2) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> draw(-range, range);
  std::vector<float> x(static_cast<size_t>(count));
  for (float& value : x) {
    value = draw(random);
  }
  return x;
}

// `compute` on every target and for one and three threads; the same bits.
template <class Compute>
std::vector<float> everywhere(const Compute& compute) {
  std::vector<float> first;
  for (const std::string_view target : supported_targets()) {
    EXPECT_TRUE(set_target(target));
    for (const int threads : {1, 3}) {
      ThreadPool pool(threads);
      std::vector<float> result = compute(pool);
      if (first.empty()) {
        first = result;
      }
      EXPECT_EQ(result, first) << target << ", " << threads;
    }
  }
  set_target(supported_targets().front());
  return first;
}

TEST(EncoderKernels, PackedMatmul) {
  for (const auto& [rows, cols] :
       {std::pair<int64_t, int64_t>{1, 1}, {16, 20}, {50, 33}, {96, 64}}) {
    PackedMatrix matrix(rows, cols);
    const auto w = uniform(rows * cols, 1);
    const auto bias = uniform(rows, 2);
    for (int64_t r = 0; r < rows; ++r) {
      matrix.set_row(r, w.data() + r * cols, bias[static_cast<size_t>(r)], 2);
    }
    const int64_t tokens = 29;
    const auto x = uniform(tokens * (cols + 3), 3);
    const auto y = everywhere([&](ThreadPool& pool) {
      std::vector<float> out(static_cast<size_t>(tokens * rows));
      packed_matmul(matrix, x.data(), cols + 3, tokens, out.data(), rows, pool);
      return out;
    });
    for (int64_t t = 0; t < tokens; ++t) {
      for (int64_t r = 0; r < rows; ++r) {
        float chain = bias[static_cast<size_t>(r)] * 2;
        for (int64_t k = 0; k < cols; ++k) {
          chain = std::fma(
              w[static_cast<size_t>(r * cols + k)] * 2,
              x[static_cast<size_t>(t * (cols + 3) + k)],
              chain);
        }
        ASSERT_EQ(y[static_cast<size_t>(t * rows + r)], chain);
      }
    }
  }
}

TEST(EncoderKernels, AddLayerNorm) {
  for (const int64_t cols : {1, 20, 384}) {
    const int64_t tokens = 40;
    const auto x = uniform(tokens * cols, 1),
               before = uniform(tokens * cols, 2);
    const auto weight = uniform(cols, 3), bias = uniform(cols, 4);
    const auto y = everywhere([&](ThreadPool& pool) {
      std::vector<float> out = before;
      add_layer_norm(
          x.data(),
          weight.data(),
          bias.data(),
          1e-5f,
          tokens,
          cols,
          out.data(),
          pool);
      return out;
    });
    for (int64_t t = 0; t < tokens; ++t) {
      std::vector<double> sum;
      double mean = 0, variance = 0;
      for (int64_t k = 0; k < cols; ++k) {
        const auto i = static_cast<size_t>(t * cols + k);
        sum.push_back(static_cast<double>(x[i]) + before[i]);
        mean += sum.back() / static_cast<double>(cols);
      }
      for (const double value : sum) {
        variance += (value - mean) * (value - mean) / static_cast<double>(cols);
      }
      for (size_t k = 0; k < sum.size(); ++k) {
        const double expected =
            (sum[k] - mean) / std::sqrt(variance + 1e-5) * weight[k] + bias[k];
        ASSERT_NEAR(y[static_cast<size_t>(t * cols) + k], expected, 1e-5);
      }
    }
  }
}

TEST(EncoderKernels, Gelu) {
  std::vector<float> x = uniform(1000, 5, 8);
  x.insert(x.end(), {0.0f, -0.0f, 40.0f, -40.0f});
  const auto y = everywhere([&](ThreadPool& pool) {
    std::vector<float> out = x;
    gelu(out.data(), static_cast<int64_t>(out.size()), pool);
    return out;
  });
  for (size_t i = 0; i < x.size(); ++i) {
    const double value = x[i];
    ASSERT_NEAR(y[i], value * 0.5 * std::erfc(-value / std::sqrt(2.0)), 6e-7)
        << value;
  }
}

TEST(EncoderKernels, Attention) {
  const EncoderHeads shape{.heads = 2, .head_dim = 16};
  const std::vector<int64_t> starts = {0, 1, 18, 118};
  const auto qkv = uniform(118 * 96, 6, 1);
  const auto y = everywhere([&](ThreadPool& pool) {
    std::vector<float> out(118 * 32);
    encoder_attention(shape, qkv.data(), starts, out.data(), pool);
    return out;
  });
  for (size_t s = 0; s + 1 < starts.size(); ++s) {
    for (int64_t t = starts[s]; t < starts[s + 1]; ++t) {
      for (int64_t h = 0; h < 2; ++h) {
        const auto at = [&](int64_t token, int64_t part, int64_t i) {
          return static_cast<double>(
              qkv[static_cast<size_t>(token * 96 + part * 32 + h * 16 + i)]);
        };
        std::vector<double> out(16);
        double total = 0;
        for (int64_t j = starts[s]; j < starts[s + 1]; ++j) {
          double score = 0;
          for (int64_t i = 0; i < 16; ++i) {
            score += at(t, 0, i) * at(j, 1, i);
          }
          total += std::exp(score);
          for (int64_t i = 0; i < 16; ++i) {
            out[static_cast<size_t>(i)] += std::exp(score) * at(j, 2, i);
          }
        }
        for (int64_t i = 0; i < 16; ++i) {
          ASSERT_NEAR(
              y[static_cast<size_t>(t * 32 + h * 16 + i)],
              out[static_cast<size_t>(i)] / total,
              1e-5);
        }
      }
    }
  }
}

TEST(EncoderKernels, DotRows) {
  for (const int64_t cols : {7, 64, 384}) {
    const auto query = uniform(cols, 7);
    const auto values = uniform(9 * cols, 8);
    std::vector<uint16_t> rows;
    for (const float value : values) {
      rows.push_back(f32_to_f16(value));
    }
    const auto scores = everywhere([&](ThreadPool&) {
      std::vector<float> out(9);
      dot_rows_f16(rows.data(), 9, cols, query.data(), out.data());
      return out;
    });
    for (int64_t r = 0; r < 9; ++r) {
      double expected = 0;
      for (int64_t k = 0; k < cols; ++k) {
        expected += static_cast<double>(
                        f16_to_f32(rows[static_cast<size_t>(r * cols + k)])) *
            query[static_cast<size_t>(k)];
      }
      ASSERT_NEAR(scores[static_cast<size_t>(r)], expected, 2e-4);
    }
  }
}

}  // namespace
}  // namespace bantam::kernels
