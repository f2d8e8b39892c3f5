// SPDX-License-Identifier: MIT
// Attention over a cache in 8 and 4 bits, on both paths: beside 16 bits, and
// the native path bit for bit in any chunks, with and without dropped tokens.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cache/kv_cache.h"
#include "nn/eval.h"

namespace bantam {
namespace {

constexpr int64_t kTokens = 40;
constexpr kernels::AttentionShape kShape{4, 2, 64, 0.125f};
constexpr int64_t kWidth = (4 + 2 + 2) * 64;

class PackedAttention : public testing::Test {
 protected:
  PackedAttention() {
    attention_.shape = kShape;
    for (int i = 0; i < 32; ++i) {
      attention_.rope.frequencies.push_back(
          std::pow(10000.0f, -static_cast<float>(i) / 32));
    }
    std::mt19937 random(4);
    std::normal_distribution<float> normal;
    for (int64_t i = 0; i < kTokens * kWidth; ++i) {
      // A few dimensions are much larger than the rest, as keys of models are.
      qkv_.push_back(normal(random) * (i % 64 == 7 ? 8.0f : 1.0f));
    }
  }

  nn::Compute compute(nn::KernelPath path) {
    workspace_.floats.resize(kTokens * kWidth);
    workspace_.attention.resize(
        kernels::attention_scratch_bytes(kShape, 64, kTokens, 1));
    return {
        .stream = nn::mx::new_thread_unsafe_stream(nn::mx::Device::cpu),
        .path = path,
        .pool = &pool_,
        .workspace = &workspace_};
  }

  // The outputs of all tokens, read `chunk` at a time.
  std::vector<float> attend(
      nn::KernelPath path,
      int bits,
      int64_t budget,
      int64_t chunk) {
    const nn::Compute where = compute(path);
    attention_.prepare(where);
    ModelShape shape;
    shape.layers = {{.kv_heads = 2, .head_dim = 64}};
    KvCache cache(shape, budget, where, bits);
    std::vector<float> out;
    for (int64_t t = 0; t < kTokens; t += chunk) {
      const int64_t count = std::min(chunk, kTokens - t);
      nn::mx::array result = nn::attend(
          nn::mx::array(
              qkv_.begin() + t * kWidth,
              {static_cast<int>(count), static_cast<int>(kWidth)},
              nn::mx::float32),
          attention_,
          t,
          cache.layer(0),
          where);
      result = nn::mx::contiguous(result, false, where.stream);
      const std::span<const float> values = nn::values(result);
      out.insert(out.end(), values.begin(), values.end());
      cache.advance(count);
    }
    return out;
  }

  nn::Attention attention_;
  std::vector<float> qkv_;
  kernels::ThreadPool pool_{1};
  nn::Workspace workspace_;
};

// The root of the mean square of a - b, relative to b's.
double distance(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double off = 0, size = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double d = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    off += d * d;
    size += static_cast<double>(b[i]) * static_cast<double>(b[i]);
  }
  return std::sqrt(off / size);
}

TEST_F(PackedAttention, BothPathsStayNearSixteenBits) {
  for (const int64_t budget : {64, 12}) {
    const auto wide = attend(nn::KernelPath::native, 16, budget, kTokens);
    for (const auto path : {nn::KernelPath::native, nn::KernelPath::stock}) {
      for (const int64_t chunk : {kTokens, int64_t{1}, int64_t{7}}) {
        // float32 on the stock path, float16 on the native one.
        EXPECT_LT(distance(attend(path, 16, budget, chunk), wide), 3e-3);
        const double eight = distance(attend(path, 8, budget, chunk), wide);
        const double four = distance(attend(path, 4, budget, chunk), wide);
        EXPECT_GT(eight, 1e-4);
        EXPECT_LT(eight, 0.02);
        EXPECT_GT(four, eight);
        EXPECT_LT(four, 0.25);
      }
    }
  }
}

TEST_F(PackedAttention, ChunksChangeNoBit) {
  for (const int bits : {8, 4}) {
    for (const int64_t budget : {64, 12}) {
      const auto whole = attend(nn::KernelPath::native, bits, budget, kTokens);
      for (const int64_t chunk : {1, 3, 17}) {
        EXPECT_EQ(attend(nn::KernelPath::native, bits, budget, chunk), whole);
      }
    }
  }
}

}  // namespace
}  // namespace bantam
