// SPDX-License-Identifier: MIT
#include "models/rope_scaling.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace bantam {
namespace {

std::vector<float> scaled(const char* json, std::vector<float> frequencies) {
  const Json config = Json::parse(json);
  scale_frequencies(frequencies, 10000, JsonConfig(config, "config.json"));
  return frequencies;
}

TEST(RopeScaling, PlainFrequencies) {
  const std::vector<float> f = rope_frequencies(10000, 4);
  EXPECT_FLOAT_EQ(f[0], 1.0f);
  EXPECT_FLOAT_EQ(f[1], 0.1f);
  EXPECT_FLOAT_EQ(f[2], 0.01f);
  EXPECT_FLOAT_EQ(f[3], 0.001f);
}

TEST(RopeScaling, Linear) {
  const auto f = scaled(R"({"type": "linear", "factor": 4})", {1, 0.5f});
  EXPECT_FLOAT_EQ(f[0], 0.25f);
  EXPECT_FLOAT_EQ(f[1], 0.125f);
}

// Wavelengths of 2 pi / f against 8192 / 4 = 2048 and 8192 / 1 = 8192.
TEST(RopeScaling, Llama3KeepsShortStretchesLongBlendsBetween) {
  const auto f = scaled(
      R"({"rope_type": "llama3", "factor": 8, "low_freq_factor": 1,
          "high_freq_factor": 4, "original_max_position_embeddings": 8192})",
      {0.01f, 0.0001f, 0.001534f});
  EXPECT_FLOAT_EQ(f[0], 0.01f);
  EXPECT_FLOAT_EQ(f[1], 0.0001f / 8);
  // 8192 / (2 pi / 0.001534) = 2.000007; smooth = 0.333336
  EXPECT_NEAR(f[2], (1 - 0.333336) * 0.001534 / 8 + 0.333336 * 0.001534, 1e-8);
}

// By transformers 5's _compute_yarn_parameters: dim 8, base 10000.
TEST(RopeScaling, YarnRampsFromKeptToStretched) {
  const Json config = Json::parse(
      R"({"rope_type": "yarn", "factor": 4, "beta_fast": 32, "beta_slow": 1,
          "original_max_position_embeddings": 256})");
  std::vector<float> f = rope_frequencies(10000, 4);
  const float amplitude =
      scale_frequencies(f, 10000, JsonConfig(config, "config.json"));
  EXPECT_FLOAT_EQ(amplitude, 1.1386294f);  // 0.1 ln 4 + 1
  // The pair turning 32 times: 0.10, so 0; turning once: 1.61, so 2.
  EXPECT_FLOAT_EQ(f[0], 1.0f);
  EXPECT_FLOAT_EQ(f[1], 0.5f * 0.1f + 0.5f * 0.1f / 4);
  EXPECT_FLOAT_EQ(f[2], 0.01f / 4);
  EXPECT_FLOAT_EQ(f[3], 0.001f / 4);
}

TEST(RopeScaling, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(scaled(R"({"rope_type": "dynamic", "factor": 4})", {1}), Error);
  EXPECT_THROW(scaled(R"({"rope_type": "yarn", "factor": 4})", {1}), Error);
  EXPECT_THROW(scaled(R"({"rope_type": "linear"})", {1}), Error);
  EXPECT_THROW(scaled(R"({"rope_type": "linear", "factor": 0})", {1}), Error);
  EXPECT_EQ(scaled(R"({"rope_type": "default"})", {1}), (std::vector{1.0f}));
}

}  // namespace
}  // namespace bantam
