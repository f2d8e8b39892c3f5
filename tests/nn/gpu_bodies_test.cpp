// SPDX-License-Identifier: MIT
// What the bodies of the GPU kernels compute, run on the CPU: the gated delta
// rule against the CPU's kernel, the rest against the formula.
#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "gpu_emulator.h"
#include "kernels/gated_delta.h"
#include "nn/delta_columns.h"

namespace bantam {
namespace {

std::vector<float> normal(int64_t count, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(0, scale);
  std::vector<float> values(count);
  for (float& value : values) {
    value = draw(random);
  }
  return values;
}

void expect_near(
    const std::vector<float>& got,
    const std::vector<float>& expected,
    float tolerance = 2e-5f) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], expected[i], tolerance * (1 + std::fabs(expected[i])))
        << i;
  }
}

// --- the gated delta rule ----------------------------------------------------

constexpr int kTokens = 5;
constexpr kernels::DeltaShape kShape{
    .key_heads = 2,
    .value_heads = 4,
    .key_dim = 64,
    .value_dim = 32,
    .taps = 4};

// Parts out of order and heads interleaved, so that no place is a default.
kernels::DeltaLayout scattered_layout() {
  const int64_t values = kShape.value_heads * kShape.value_dim;
  const int64_t keys = kShape.key_heads * kShape.key_dim;
  const auto tiled = [](int64_t first, int64_t dim) {
    return kernels::HeadPlace{first, dim, kShape.key_heads * dim};
  };
  return {
      .width = 2 * keys + 2 * values + 2 * kShape.value_heads,
      .q = {values + keys, kShape.key_dim},
      .k = {values, kShape.key_dim},
      .v = tiled(0, kShape.value_dim),
      .z = tiled(values + 2 * keys, kShape.value_dim),
      .beta = tiled(2 * values + 2 * keys, 1),
      .alpha = tiled(2 * values + 2 * keys + kShape.value_heads, 1),
      .out = tiled(0, kShape.value_dim)};
}

struct DeltaRun {
  kernels::DeltaLayout layout = scattered_layout();
  std::vector<float> conv = normal(kShape.taps * kShape.channels(), 1, 0.5f);
  std::vector<float> decay_rate{-0.1f, -1.0f, -3.0f, -0.5f};
  std::vector<float> dt_bias = normal(kShape.value_heads, 2);
  std::vector<float> norm = normal(kShape.value_dim, 3);
  std::vector<float> mixed = normal(kTokens * layout.width, 4);
  float eps = 1e-6f;
};

std::vector<float> by_cpu_kernel(const DeltaRun& run) {
  kernels::ThreadPool pool(1);
  std::vector<float> recurrent(kernels::delta_recurrent_floats(kShape));
  std::vector<float> conv(kernels::delta_conv_floats(kShape));
  std::vector<float> out(kTokens * kShape.value_heads * kShape.value_dim);
  std::vector<float> scratch(kTokens * kernels::delta_scratch_floats(kShape));
  kernels::gated_delta(
      kShape,
      run.layout,
      {run.conv.data(),
       run.decay_rate.data(),
       run.dt_bias.data(),
       run.norm.data(),
       run.eps},
      run.mixed.data(),
      kTokens,
      {recurrent.data(), conv.data()},
      out.data(),
      scratch.data(),
      pool);
  return out;
}

constexpr int CHANNELS = 2 * 2 * 64 + 4 * 32;
constexpr int TAPS = 4;
constexpr int kDeltaWidth = CHANNELS + 4 * 32 + 2 * 4;

void delta_conv(
    const float* mixed,
    int count,
    const float* state,
    const float* conv,
    const int* columns,
    float* qkv,
    float* next_state) {
  constexpr int THREADS = 64;
  constexpr int WIDTH = kDeltaWidth;
  const int mixed_shape[] = {count, WIDTH};
  gpu::launch((CHANNELS + THREADS - 1) / THREADS, count, THREADS, [&] {
#include "nn/gpu/delta_conv.inc"
  });
}

void delta_rule(
    const float* qkv,
    const float* mixed,
    int count,
    const float* state,
    const DeltaRun& run,
    const int* places,
    float* y,
    float* next_state) {
  using T = float;
  constexpr int THREADS = 64;
  constexpr int KEY_DIM = 64;
  constexpr int VALUE_DIM = 32;
  constexpr int ROWS = VALUE_DIM / (THREADS / 32);
  constexpr int SHARES = KEY_DIM / 32;
  constexpr int MEMBERS = 2;
  constexpr int KEY_HEADS = 2;
  constexpr int VALUES = 4 * VALUE_DIM;
  constexpr int WIDTH = kDeltaWidth;
  const int mixed_shape[] = {count, WIDTH};
  const float* decay_rate = run.decay_rate.data();
  const float* dt_bias = run.dt_bias.data();
  const float* norm = run.norm.data();
  const float eps[] = {run.eps};
  gpu::launch(4, 1, THREADS, [&] {
#include "nn/gpu/delta_rule.inc"
  });
}

TEST(GpuBodies, TheDeltaRuleAgreesWithTheCpuKernel) {
  const DeltaRun run;
  const std::vector<int32_t> columns = nn::channel_columns(kShape, run.layout);
  const std::vector<int32_t> places = nn::head_places(kShape, run.layout);
  const int values = 4 * 32;
  std::vector<float> conv((TAPS - 1) * CHANNELS);
  std::vector<float> recurrent(4 * 32 * 64);
  std::vector<float> y(kTokens * values);
  // Two chunks: the first shorter than the convolution's reach.
  for (const auto& [first, count] : {std::pair{0, 2}, std::pair{2, 3}}) {
    const float* mixed = run.mixed.data() + first * kDeltaWidth;
    std::vector<float> qkv(count * CHANNELS);
    std::vector<float> next_conv(conv.size());
    std::vector<float> next_recurrent(recurrent.size());
    delta_conv(
        mixed,
        count,
        conv.data(),
        run.conv.data(),
        columns.data(),
        qkv.data(),
        next_conv.data());
    delta_rule(
        qkv.data(),
        mixed,
        count,
        recurrent.data(),
        run,
        places.data(),
        y.data() + first * values,
        next_recurrent.data());
    conv = next_conv;
    recurrent = next_recurrent;
  }
  expect_near(y, by_cpu_kernel(run));
}

// --- attention ---------------------------------------------------------------

struct HeadsCase {
  bool gated;
  bool interleaved;
  bool normed;
};

class GpuHeads : public ::testing::TestWithParam<HeadsCase> {};

constexpr int HEADS = 3;
constexpr int KV_HEADS = 1;
constexpr int HEAD_DIM = 40;
constexpr int PAIRS = 12;

// A head of queries or keys by the formula.
std::vector<float> prepared(
    const float* x,
    const std::vector<float>* norm,
    const HeadsCase& c,
    int position,
    const std::vector<float>& frequencies,
    float amplitude) {
  std::vector<double> head(x, x + HEAD_DIM);
  if (norm != nullptr) {
    double squares = 0;
    for (const double value : head) {
      squares += value * value;
    }
    for (int i = 0; i < HEAD_DIM; ++i) {
      head[i] *= (*norm)[i] / std::sqrt(squares / HEAD_DIM + 1e-5);
    }
  }
  std::vector<float> out(head.begin(), head.end());
  for (int p = 0; p < PAIRS; ++p) {
    const int a = c.interleaved ? 2 * p : p;
    const int b = c.interleaved ? 2 * p + 1 : p + PAIRS;
    const double angle = double{frequencies[p]} * position;
    out[a] = static_cast<float>(
        amplitude * (head[a] * std::cos(angle) - head[b] * std::sin(angle)));
    out[b] = static_cast<float>(
        amplitude * (head[b] * std::cos(angle) + head[a] * std::sin(angle)));
  }
  return out;
}

TEST_P(GpuHeads, AreNormedAndRotatedByTheFormula) {
  using T = float;
  const HeadsCase c = GetParam();
  const int QUERY_PARTS = c.gated ? 2 : 1;
  const int WIDTH = (HEADS * QUERY_PARTS + 2 * KV_HEADS) * HEAD_DIM;
  const bool INTERLEAVED = c.interleaved;
  const bool Q_NORM = c.normed;
  const bool K_NORM = c.normed;
  constexpr int kCount = 3;
  const std::vector<float> input = normal(kCount * WIDTH, 5);
  const std::vector<float> q_weight = normal(HEAD_DIM, 6);
  const std::vector<float> k_weight = normal(HEAD_DIM, 7);
  std::vector<float> speeds(PAIRS);
  for (int p = 0; p < PAIRS; ++p) {
    speeds[p] = std::pow(10.0f, -0.25f * static_cast<float>(p));
  }
  const int first = 17;
  const float amplitude = 1.25f;
  std::vector<float> q_out(HEADS * kCount * HEAD_DIM);
  std::vector<float> k_out(KV_HEADS * kCount * HEAD_DIM);
  std::vector<float> v_out(k_out.size());
  {
    const int qkv_shape[] = {kCount, WIDTH};
    const int position[] = {first};
    const float factors[] = {1e-5f, 1e-5f, amplitude};
    const float* qkv = input.data();
    const float* q_norm = q_weight.data();
    const float* k_norm = k_weight.data();
    const float* frequencies = speeds.data();
    float* q = q_out.data();
    float* k = k_out.data();
    float* v = v_out.data();
    gpu::launch(HEADS + 2 * KV_HEADS, kCount, 32, [&] {
#include "nn/gpu/attention_heads.inc"
    });
  }
  for (int t = 0; t < kCount; ++t) {
    const float* row = input.data() + t * WIDTH;
    for (int h = 0; h < HEADS; ++h) {
      const float* from = q_out.data() + (h * kCount + t) * HEAD_DIM;
      expect_near(
          {from, from + HEAD_DIM},
          prepared(
              row + h * QUERY_PARTS * HEAD_DIM,
              c.normed ? &q_weight : nullptr,
              c,
              first + t,
              speeds,
              amplitude));
    }
    const float* key = row + HEADS * QUERY_PARTS * HEAD_DIM;
    const float* got = k_out.data() + t * HEAD_DIM;
    expect_near(
        {got, got + HEAD_DIM},
        prepared(
            key,
            c.normed ? &k_weight : nullptr,
            c,
            first + t,
            speeds,
            amplitude));
    const float* value = key + KV_HEADS * HEAD_DIM;
    EXPECT_TRUE(
        std::equal(value, value + HEAD_DIM, v_out.data() + t * HEAD_DIM));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Kinds,
    GpuHeads,
    ::testing::Values(
        HeadsCase{false, false, false},
        HeadsCase{false, true, true},
        HeadsCase{true, false, true}));

TEST(GpuBodies, HeadsAreGated) {
  using T = float;
  constexpr int THREADS = 64;
  constexpr int WIDTH = (2 * HEADS + 2 * KV_HEADS) * HEAD_DIM;
  constexpr int kCount = 2;
  const std::vector<float> input = normal(kCount * WIDTH, 8);
  const std::vector<float> mixed = normal(HEADS * kCount * HEAD_DIM, 9);
  std::vector<float> out(kCount * HEADS * HEAD_DIM);
  {
    const int qkv_shape[] = {kCount, WIDTH};
    const float* qkv = input.data();
    const float* heads = mixed.data();
    float* y = out.data();
    gpu::launch((HEADS * HEAD_DIM + 63) / 64, kCount, THREADS, [&] {
#include "nn/gpu/gate_heads.inc"
    });
  }
  std::vector<float> expected;
  for (int t = 0; t < kCount; ++t) {
    for (int h = 0; h < HEADS; ++h) {
      for (int i = 0; i < HEAD_DIM; ++i) {
        const float gate = input[t * WIDTH + (2 * h + 1) * HEAD_DIM + i];
        expected.push_back(
            mixed[(h * kCount + t) * HEAD_DIM + i] / (1 + std::exp(-gate)));
      }
    }
  }
  expect_near(out, expected);
}

TEST(GpuBodies, ProductsAreGated) {
  using T = float;
  constexpr int THREADS = 32;
  constexpr int COLUMNS = 50;
  constexpr int kCount = 2;
  const std::vector<float> input = normal(kCount * 2 * COLUMNS, 10);
  for (const bool GELU : {false, true}) {
    std::vector<float> out(kCount * COLUMNS);
    {
      const float* gate_up = input.data();
      float* y = out.data();
      gpu::launch((COLUMNS + 31) / 32, kCount, THREADS, [&] {
#include "nn/gpu/gated_product.inc"
      });
    }
    std::vector<float> expected;
    for (int t = 0; t < kCount; ++t) {
      for (int i = 0; i < COLUMNS; ++i) {
        const double g = input[t * 2 * COLUMNS + i];
        const double up = input[(t * 2 + 1) * COLUMNS + i];
        const double gelu = 0.5 * g *
            (1 + std::tanh(0.7978845608028654 * (g + 0.044715 * g * g * g)));
        expected.push_back(
            static_cast<float>((GELU ? gelu : g / (1 + std::exp(-g))) * up));
      }
    }
    expect_near(out, expected);
  }
}

}  // namespace
}  // namespace bantam
