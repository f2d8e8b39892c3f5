// SPDX-License-Identifier: MIT
// Attention: the contract's bits on every target, whatever the chunks, the
// threads and the ring's state; and the textbook's values in double.
#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "contract.h"
#include "kernels/half.h"
#include "kernels/targets.h"
#include "random_matrix.h"

namespace bantam::kernels {
namespace {

struct Case {
  AttentionShape shape;
  int64_t tokens;
  int64_t budget;
  int64_t sinks;
  int bits = 16;
};

const Case kCases[] = {
    {{9, 3, 64, 0.125f}, 50, 1024, 4},     // SmolLM2, nothing dropped
    {{9, 3, 64, 0.125f}, 90, 32, 4},       // longer than the budget
    {{4, 4, 16, 0.25f}, 40, 5, 4},         // a window of one
    {{2, 1, 128, 0.0883883f}, 37, 37, 4},  // just full
    {{6, 1, 80, 0.1f}, 30, 11, 0},         // no sinks; odd head
    {{8, 2, 20, 0.2f}, 33, 16, 15},
    {{10, 2, 256, 0.0625f}, 26, 20, 4},  // heads beyond one tile
    {{9, 3, 64, 0.125f}, 50, 1024, 4, 8},
    {{9, 3, 64, 0.125f}, 90, 33, 4, 4},
    {{6, 1, 96, 0.1f}, 30, 11, 0, 8},  // a sliding window
    {{4, 4, 32, 0.18f}, 40, 5, 4, 4},
    {{10, 2, 256, 0.0625f}, 26, 20, 4, 4},
    {{2, 1, 128, 0.0883883f}, 37, 37, 4, 8},
};

// q, k, v of all tokens: [tokens, (heads + 2 * kv_heads) * head_dim].
struct Prompt {
  std::vector<float> qkv;
  int64_t stride;
};

Prompt prompt_of(const Case& each) {
  const int64_t stride =
      (each.shape.heads + 2 * each.shape.kv_heads) * each.shape.head_dim + 7;
  return {random_activations(each.tokens * stride, 21), stride};
}

// The whole prompt in chunks.
std::vector<float> attend(
    const Case& each,
    const Prompt& prompt,
    int64_t chunk,
    ThreadPool& pool) {
  const AttentionShape& shape = each.shape;
  const int64_t slots =
      shape.kv_heads * each.budget * kv_row_bytes(shape.head_dim, each.bits);
  // Slots never written hold NaN (0x7E7E): touching one would show. Rows end at
  // a guard page.
  const GuardedBytes keys(static_cast<size_t>(slots));
  const GuardedBytes values(static_cast<size_t>(slots));
  std::fill_n(keys.data(), slots, std::byte{0x7E});
  std::fill_n(values.data(), slots, std::byte{0x7E});
  const KvSlots cache{
      keys.data(), values.data(), each.budget, each.sinks, each.bits};
  std::vector<float> out(
      static_cast<size_t>(each.tokens * shape.heads * shape.head_dim));
  std::vector<std::byte> scratch(
      static_cast<size_t>(
          attention_scratch_bytes(shape, each.budget, chunk, pool.threads())));
  for (int64_t t = 0; t < each.tokens; t += chunk) {
    const float* q = prompt.qkv.data() + t * prompt.stride;
    const float* k = q + shape.heads * shape.head_dim;
    const float* v = k + shape.kv_heads * shape.head_dim;
    attention(
        shape,
        q,
        k,
        v,
        prompt.stride,
        std::min(chunk, each.tokens - t),
        t,
        cache,
        out.data() + t * shape.heads * shape.head_dim,
        scratch.data(),
        pool);
  }
  return out;
}

// With keys and values (queries too, which no one reads) as the cache has them.
std::vector<float> stored(const Case& each, const Prompt& prompt) {
  const AttentionShape& shape = each.shape;
  std::vector<float> copy = prompt.qkv;
  for (int64_t t = 0; t < each.tokens; ++t) {
    for (int64_t h = 0; h < shape.heads + 2 * shape.kv_heads; ++h) {
      contract::store_kv(
          copy.data() + t * prompt.stride + h * shape.head_dim,
          shape.head_dim,
          each.bits);
    }
  }
  return copy;
}

// The same, but back from their transform: what the textbook attends to.
std::vector<float> rounded(const Case& each, const Prompt& prompt) {
  std::vector<float> rows = stored(each, prompt);
  const int64_t width =
      prompt.stride / each.shape.head_dim * each.shape.head_dim;
  for (int64_t t = 0; t < each.tokens && each.bits < 16; ++t) {
    contract::transform(rows.data() + t * prompt.stride, width, 0.25f);
  }
  return rows;
}

std::vector<float> attend_by_contract(const Case& each, const Prompt& prompt) {
  const AttentionShape& shape = each.shape;
  const int64_t dim = shape.head_dim;
  const std::vector<float> halves = stored(each, prompt);
  std::vector<float> out(static_cast<size_t>(each.tokens * shape.heads * dim));
  for (int64_t t = 0; t < each.tokens; ++t) {
    const auto visible = contract::visible(t, each.budget, each.sinks);
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int64_t kv = h / (shape.heads / shape.kv_heads);
      std::vector<const float*> keys;
      std::vector<const float*> values;
      for (const int64_t j : visible) {
        const float* token = halves.data() + j * prompt.stride;
        keys.push_back(token + (shape.heads + kv) * dim);
        values.push_back(token + (shape.heads + shape.kv_heads + kv) * dim);
      }
      contract::attend(
          prompt.qkv.data() + t * prompt.stride + h * dim,
          shape.scale,
          dim,
          keys,
          values,
          each.bits,
          out.data() + (t * shape.heads + h) * dim);
    }
  }
  return out;
}

class AttentionTest : public testing::TestWithParam<Case> {
 protected:
  void TearDown() override { set_target(supported_targets().front()); }
};

TEST_P(AttentionTest, EqualsTheContractOnEveryTarget) {
  const Prompt prompt = prompt_of(GetParam());
  const auto expected = attend_by_contract(GetParam(), prompt);
  for (const std::string_view target : supported_targets()) {
    SCOPED_TRACE(target);
    ASSERT_TRUE(set_target(target));
    ThreadPool pool(1);
    EXPECT_EQ(attend(GetParam(), prompt, GetParam().tokens, pool), expected);
    EXPECT_EQ(attend(GetParam(), prompt, 1, pool), expected);
  }
}

TEST_P(AttentionTest, ChunksAndThreadsDoNotChangeABit) {
  const Prompt prompt = prompt_of(GetParam());
  ThreadPool one(1);
  const auto whole = attend(GetParam(), prompt, GetParam().tokens, one);
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    for (const int64_t chunk : {1, 2, 3, 7, 8, 9, 16, 25, 90}) {
      EXPECT_EQ(attend(GetParam(), prompt, chunk, pool), whole)
          << threads << " threads, chunks of " << chunk;
    }
  }
}

TEST_P(AttentionTest, IsCloseToTheTextbook) {
  const Case& each = GetParam();
  const AttentionShape& shape = each.shape;
  const int64_t dim = shape.head_dim;
  const Prompt prompt = prompt_of(each);
  const std::vector<float> halves = rounded(each, prompt);
  ThreadPool pool(1);
  const auto out = attend(each, prompt, 7, pool);
  for (const int64_t t : {int64_t{0}, each.tokens / 2, each.tokens - 1}) {
    const auto visible = contract::visible(t, each.budget, each.sinks);
    EXPECT_EQ(
        static_cast<int64_t>(visible.size()), std::min(t + 1, each.budget));
    for (int64_t h = 0; h < shape.heads; ++h) {
      const int64_t kv = h / (shape.heads / shape.kv_heads);
      const float* q = prompt.qkv.data() + t * prompt.stride + h * dim;
      std::vector<double> scores;
      double largest = -1e300;
      for (const int64_t j : visible) {
        const float* k =
            halves.data() + j * prompt.stride + (shape.heads + kv) * dim;
        double score = 0;
        for (int64_t d = 0; d < dim; ++d) {
          score += static_cast<double>(q[d]) * static_cast<double>(k[d]);
        }
        scores.push_back(score * shape.scale);
        largest = std::max(largest, scores.back());
      }
      double sum = 0;
      std::vector<double> expected(static_cast<size_t>(dim), 0.0);
      for (size_t i = 0; i < visible.size(); ++i) {
        const double e = std::exp(scores[i] - largest);
        sum += e;
        const float* v = halves.data() + visible[i] * prompt.stride +
            (shape.heads + shape.kv_heads + kv) * dim;
        for (int64_t d = 0; d < dim; ++d) {
          expected[static_cast<size_t>(d)] += e * static_cast<double>(v[d]);
        }
      }
      for (int64_t d = 0; d < dim; ++d) {
        const double want = expected[static_cast<size_t>(d)] / sum;
        // Scores of large activations carry an error of their own size.
        ASSERT_NEAR(
            out[static_cast<size_t>((t * shape.heads + h) * dim + d)],
            want,
            2e-2 + 2e-5 * std::fabs(want))
            << "token " << t << " head " << h;
      }
    }
  }
}

// Queries of nothing score nothing, so n keys and a sink of score s share
// 1 / (n + e^s) each.
TEST_P(AttentionTest, SinksTakeTheirShare) {
  Case each = GetParam();
  std::vector<float> sinks;
  for (int64_t h = 0; h < each.shape.heads; ++h) {
    sinks.push_back(static_cast<float>(h % 5) - 1.5f);
  }
  Prompt prompt = prompt_of(each);
  const int64_t width = each.shape.heads * each.shape.head_dim;
  for (int64_t t = 0; t < each.tokens; ++t) {
    std::fill_n(prompt.qkv.begin() + t * prompt.stride, width, 0.0f);
  }
  ThreadPool pool(2);
  const auto without = attend(each, prompt, 7, pool);
  float largest = 0;
  for (const float value : without) {
    largest = std::max(largest, std::fabs(value));
  }
  each.shape.sink_scores = sinks.data();
  const auto with = attend(each, prompt, 7, pool);
  for (int64_t t = 0; t < each.tokens; ++t) {
    const auto n = static_cast<double>(std::min(t + 1, each.budget));
    for (int64_t i = 0; i < width; ++i) {
      const double sink = std::exp(sinks[i / each.shape.head_dim]);
      const auto at = static_cast<size_t>(t * width + i);
      // Packed values are rotated, which spreads a head's rounding over it.
      ASSERT_NEAR(with[at], without[at] * n / (n + sink), 1e-5 * (1 + largest))
          << "token " << t;
    }
  }
  EXPECT_EQ(attend(each, prompt, 1, pool), with);
}

INSTANTIATE_TEST_SUITE_P(
    Cases,
    AttentionTest,
    testing::ValuesIn(kCases),
    [](const auto& each) {
      return "heads" + std::to_string(each.param.shape.heads) + "_budget" +
          std::to_string(each.param.budget) + "_bits" +
          std::to_string(each.param.bits);
    });

}  // namespace
}  // namespace bantam::kernels
