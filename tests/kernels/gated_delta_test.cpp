// SPDX-License-Identifier: MIT
// The gated delta rule: the contract's bits on every target, whatever the
// chunks, the threads and the order of heads. (Agreement with an independent
// implementation is for tests/models.)
#include "kernels/gated_delta.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "contract.h"
#include "kernels/targets.h"

namespace bantam::kernels {
namespace {

constexpr int64_t kTokens = 23;
constexpr float kEps = 1e-6f;

const DeltaShape kShapes[] = {
    {2, 6, 12, 8, 4},     // three value heads to a key head
    {1, 2, 16, 40, 3},    // a second block of columns, partly filled
    {2, 2, 33, 17, 2},    // nothing a multiple of anything
    {2, 4, 128, 128, 4},  // as large models have it
};

// Each part of all heads in DeltaShape's order.
DeltaLayout plain_layout(const DeltaShape& shape) {
  const int64_t keys = shape.key_heads * shape.key_dim;
  const int64_t values = shape.value_heads * shape.value_dim;
  const int64_t members = shape.members();
  const auto place = [&](int64_t first, int64_t dim) {
    return HeadPlace{first, members * dim, dim};
  };
  return {
      .width = shape.channels() + values + 2 * shape.value_heads,
      .q = {0, shape.key_dim},
      .k = {keys, shape.key_dim},
      .v = place(2 * keys, shape.value_dim),
      .z = place(2 * keys + values, shape.value_dim),
      .beta = place(2 * keys + 2 * values, 1),
      .alpha = place(2 * keys + 2 * values + shape.value_heads, 1),
      .out = place(0, shape.value_dim)};
}

struct Case {
  DeltaShape shape;
  DeltaLayout layout;
  std::vector<float> conv, decay_rate, dt_bias, norm, mixed;

  DeltaWeights weights() const {
    return {conv.data(), decay_rate.data(), dt_bias.data(), norm.data(), kEps};
  }
};

Case make_case(const DeltaShape& shape) {
  std::mt19937 random(11);
  const auto normal = [&](int64_t count, float mean, float deviation) {
    std::normal_distribution<float> draw(mean, deviation);
    std::vector<float> x(static_cast<size_t>(count));
    for (float& value : x) {
      value = draw(random);
    }
    return x;
  };
  Case made{shape, plain_layout(shape), {}, {}, {}, {}, {}};
  made.conv = normal(shape.taps * shape.channels(), 0, 0.7f);
  made.decay_rate = normal(shape.value_heads, -0.5f, 0.1f);
  made.dt_bias = normal(shape.value_heads, 0, 1);
  made.norm = normal(shape.value_dim, 1, 0.3f);
  made.mixed = normal(kTokens * made.layout.width, 0, 1.5f);
  return made;
}

// All tokens, `chunk` at a time.
std::vector<float> run(const Case& c, int64_t chunk, ThreadPool& pool) {
  const int64_t width = c.shape.value_heads * c.shape.value_dim;
  std::vector<float> recurrent(
      static_cast<size_t>(delta_recurrent_floats(c.shape)));
  std::vector<float> conv(static_cast<size_t>(delta_conv_floats(c.shape)));
  // Scratch starts as NaN: reading what was not written would show.
  std::vector<float> scratch(
      static_cast<size_t>(chunk * delta_scratch_floats(c.shape)), NAN);
  std::vector<float> out(static_cast<size_t>(kTokens * width));
  for (int64_t t = 0; t < kTokens; t += chunk) {
    gated_delta(
        c.shape,
        c.layout,
        c.weights(),
        c.mixed.data() + t * c.layout.width,
        std::min(chunk, kTokens - t),
        {recurrent.data(), conv.data()},
        out.data() + t * width,
        scratch.data(),
        pool);
  }
  return out;
}

// --- the contract, one scalar at a time -------------------------------------

float tree(const float (&acc)[16]) {
  float sums[8];
  for (int i = 0; i < 8; ++i) {
    sums[i] = acc[i] + acc[i + 8];
  }
  for (int step = 4; step > 0; step /= 2) {
    for (int i = 0; i < step; ++i) {
      sums[i] += sums[i + step];
    }
  }
  return sums[0];
}

float sum_of_squares(const std::vector<float>& x) {
  float acc[16] = {};
  for (size_t i = 0; i < x.size(); ++i) {
    acc[i % 16] = std::fma(x[i], x[i], acc[i % 16]);
  }
  return tree(acc);
}

float silu(float x) {
  return contract::swiglu(x, 1.0f);
}

// One head's channels at token t, convolved.
std::vector<float> convolved(
    const Case& c,
    int64_t t,
    int64_t column,
    int64_t channel,
    int64_t dim) {
  std::vector<float> y;
  for (int64_t i = 0; i < dim; ++i) {
    float acc = 0;
    for (int64_t j = 0; j < c.shape.taps; ++j) {
      const int64_t from = t - c.shape.taps + 1 + j;
      const float x =
          from < 0 ? 0.0f : c.mixed[from * c.layout.width + column + i];
      acc = std::fma(c.conv[j * c.shape.channels() + channel + i], x, acc);
    }
    y.push_back(silu(acc));
  }
  return y;
}

template <typename Term>
float dot(int64_t n, const Term& term) {
  float acc[4] = {};
  for (int64_t j = 0; j < n; ++j) {
    const auto [a, b] = term(j);
    acc[j % 4] = std::fma(a, b, acc[j % 4]);
  }
  return (acc[0] + acc[1]) + (acc[2] + acc[3]);
}

std::vector<float> by_contract(const Case& c, int64_t head) {
  const DeltaShape& s = c.shape;
  const int64_t group = head / s.members();
  const int64_t keys = s.key_heads * s.key_dim;
  std::vector<float> state(static_cast<size_t>(s.key_dim * s.value_dim));
  std::vector<float> out;
  for (int64_t t = 0; t < kTokens; ++t) {
    const int64_t q_at = group * s.key_dim;
    const int64_t v_at = 2 * keys + head * s.value_dim;
    auto q = convolved(c, t, q_at, q_at, s.key_dim);
    auto k = convolved(c, t, keys + q_at, keys + q_at, s.key_dim);
    const auto v = convolved(c, t, v_at, v_at, s.value_dim);
    float scale = 1.0f / std::sqrt(sum_of_squares(q) + 1e-6f);
    scale /= std::sqrt(static_cast<float>(s.key_dim));
    for (float& value : q) {
      value *= scale;
    }
    scale = 1.0f / std::sqrt(sum_of_squares(k) + 1e-6f);
    for (float& value : k) {
      value *= scale;
    }
    const float* row = c.mixed.data() + t * c.layout.width;
    const double alpha = static_cast<double>(row[c.layout.alpha.first + head]) +
        static_cast<double>(c.dt_bias[head]);
    const double softplus =
        std::max(alpha, 0.0) + std::log1p(std::exp(-std::fabs(alpha)));
    const auto g = static_cast<float>(
        std::exp(static_cast<double>(c.decay_rate[head]) * softplus));
    const auto b = static_cast<float>(
        1.0 /
        (1.0 +
         std::exp(-static_cast<double>(row[c.layout.beta.first + head]))));
    std::vector<float> y;
    for (int64_t i = 0; i < s.value_dim; ++i) {
      const float m = dot(s.key_dim, [&](int64_t j) {
        return std::pair(state[j * s.value_dim + i] * g, k[j]);
      });
      const float d = (v[i] - m) * b;
      y.push_back(dot(s.key_dim, [&](int64_t j) {
        float& cell = state[j * s.value_dim + i];
        cell = std::fma(k[j], d, cell * g);
        return std::pair(cell, q[j]);
      }));
    }
    std::vector<float> normed(y.size());
    contract::rms_norm(
        y.data(), c.norm.data(), kEps, s.value_dim, normed.data());
    for (int64_t i = 0; i < s.value_dim; ++i) {
      const float z = row[c.layout.z.first + head * s.value_dim + i];
      out.push_back(normed[i] * silu(z));
    }
  }
  return out;
}

class GatedDeltaTest : public testing::TestWithParam<DeltaShape> {
 protected:
  void TearDown() override { set_target(supported_targets().front()); }
};

TEST_P(GatedDeltaTest, EqualsTheContractOnEveryTarget) {
  const Case c = make_case(GetParam());
  const DeltaShape& s = c.shape;
  for (const std::string_view target : supported_targets()) {
    SCOPED_TRACE(target);
    ASSERT_TRUE(set_target(target));
    ThreadPool pool(1);
    const auto out = run(c, kTokens, pool);
    for (int64_t head = 0; head < s.value_heads; ++head) {
      const auto expected = by_contract(c, head);
      for (int64_t t = 0; t < kTokens; ++t) {
        for (int64_t i = 0; i < s.value_dim; ++i) {
          ASSERT_EQ(
              out[(t * s.value_heads + head) * s.value_dim + i],
              expected[t * s.value_dim + i])
              << "token " << t << " head " << head << " column " << i;
        }
      }
    }
  }
}

TEST_P(GatedDeltaTest, ChunksAndThreadsDoNotChangeABit) {
  const Case c = make_case(GetParam());
  ThreadPool one(1);
  const auto whole = run(c, kTokens, one);
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    for (const int64_t chunk : {1, 2, 3, 5, 22, 23}) {
      EXPECT_EQ(run(c, chunk, pool), whole)
          << threads << " threads, chunks of " << chunk;
    }
  }
}

// The same heads in another order of columns give the same heads.
TEST_P(GatedDeltaTest, HeadsMayLieInAnyOrder) {
  const Case plain = make_case(GetParam());
  const DeltaShape& s = plain.shape;
  Case tiled = plain;
  const auto retile = [&](HeadPlace& place, int64_t dim) {
    place.group = dim;
    place.member = s.key_heads * dim;
  };
  retile(tiled.layout.v, s.value_dim);
  retile(tiled.layout.z, s.value_dim);
  retile(tiled.layout.out, s.value_dim);
  retile(tiled.layout.alpha, 1);
  retile(tiled.layout.beta, 1);
  for (int64_t t = 0; t < kTokens; ++t) {
    const int64_t row = t * plain.layout.width;
    const auto move = [&](const HeadPlace& from,
                          const HeadPlace& to,
                          int64_t n,
                          int64_t g,
                          int64_t m) {
      std::copy_n(
          plain.mixed.begin() + row + from.at(g, m),
          n,
          tiled.mixed.begin() + row + to.at(g, m));
    };
    for (int64_t g = 0; g < s.key_heads; ++g) {
      for (int64_t m = 0; m < s.members(); ++m) {
        move(plain.layout.v, tiled.layout.v, s.value_dim, g, m);
        move(plain.layout.z, tiled.layout.z, s.value_dim, g, m);
        move(plain.layout.alpha, tiled.layout.alpha, 1, g, m);
        move(plain.layout.beta, tiled.layout.beta, 1, g, m);
      }
    }
  }
  ThreadPool pool(2);
  const auto expected = run(plain, 4, pool);
  const auto got = run(tiled, 4, pool);
  const int64_t width = s.value_heads * s.value_dim;
  for (int64_t t = 0; t < kTokens; ++t) {
    for (int64_t g = 0; g < s.key_heads; ++g) {
      for (int64_t m = 0; m < s.members(); ++m) {
        for (int64_t i = 0; i < s.value_dim; ++i) {
          ASSERT_EQ(
              got[t * width + tiled.layout.out.at(g, m) + i],
              expected[t * width + plain.layout.out.at(g, m) + i]);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes,
    GatedDeltaTest,
    testing::ValuesIn(kShapes),
    [](const auto& each) {
      return "dims" + std::to_string(each.param.key_dim) + "x" +
          std::to_string(each.param.value_dim);
    });

}  // namespace
}  // namespace bantam::kernels
