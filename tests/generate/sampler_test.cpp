// SPDX-License-Identifier: MIT
#include "generate/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "base/error.h"
#include "generate/philox.h"

namespace bantam {
namespace {

// How often each token comes in `count` draws, each from a fresh sampler.
std::map<TokenId, double> shares(
    SamplingSettings settings,
    const std::vector<float>& logits,
    int count = 20'000) {
  std::map<TokenId, double> result;
  for (int i = 0; i < count; ++i) {
    settings.seed = static_cast<uint64_t>(i);
    Sampler sampler(settings, static_cast<int64_t>(logits.size()));
    result[sampler.sample(logits)] += 1.0 / count;
  }
  return result;
}

std::vector<float> log_of(std::vector<float> probabilities) {
  for (float& p : probabilities) {
    p = std::log(p);
  }
  return probabilities;
}

TEST(Sampler, GreedyTakesTheFirstOfTheLargest) {
  Sampler sampler({.temperature = 0}, 4);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 3, 3, 2}), 1);
  EXPECT_EQ(
      sampler.sample(std::vector<float>{-INFINITY, -5, -INFINITY, -7}), 1);
}

TEST(Sampler, FollowsTheProbabilities) {
  const auto logits = log_of({0.5f, 0.3f, 0.2f});
  auto got = shares({.temperature = 1}, logits);
  EXPECT_NEAR(got[0], 0.5, 0.015);
  EXPECT_NEAR(got[1], 0.3, 0.015);
  EXPECT_NEAR(got[2], 0.2, 0.015);
  // Temperature 0.5 squares them: 0.25, 0.09, 0.04 of 0.38.
  got = shares({.temperature = 0.5}, logits);
  EXPECT_NEAR(got[0], 0.25 / 0.38, 0.015);
  EXPECT_NEAR(got[2], 0.04 / 0.38, 0.015);
}

TEST(Sampler, TopKTopPAndMinPLeaveOutTheTail) {
  const auto logits = log_of({0.1f, 0.4f, 0.05f, 0.25f, 0.2f});
  auto got = shares({.temperature = 1, .top_k = 2}, logits);
  EXPECT_NEAR(got[1], 0.4 / 0.65, 0.015);
  EXPECT_NEAR(got[3], 0.25 / 0.65, 0.015);
  EXPECT_EQ(got.size(), 2u);
  got = shares({.temperature = 1, .top_p = 0.6}, logits);
  EXPECT_EQ(got.size(), 2u);
  got = shares({.temperature = 1, .top_p = 0.7}, logits);
  EXPECT_EQ(got.size(), 3u);
  EXPECT_NEAR(got[4], 0.2 / 0.85, 0.015);
  got = shares({.temperature = 1, .min_p = 0.3}, logits);
  EXPECT_EQ(got.size(), 3u);
  got = shares({.temperature = 1, .top_p = 0}, logits);
  EXPECT_EQ(got.size(), 1u);
}

TEST(Sampler, TemperatureComesBeforeTopP) {
  // At temperature 2 the square roots 0.707, 0.548, 0.447 of 0.5, 0.3, 0.2
  // need three tokens to reach 0.75; at temperature 1 two would do.
  const auto logits = log_of({0.5f, 0.3f, 0.2f});
  EXPECT_EQ(shares({.temperature = 2, .top_p = 0.75}, logits).size(), 3u);
  EXPECT_EQ(shares({.temperature = 1, .top_p = 0.75}, logits).size(), 2u);
}

TEST(Sampler, PenaltiesLookAtTheWholeAnswer) {
  const std::vector<float> logits{2, 1.9f, 1.8f, -1};
  Sampler presence({.temperature = 0, .presence_penalty = 0.15}, 4);
  EXPECT_EQ(presence.sample(logits), 0);
  EXPECT_EQ(presence.sample(logits), 1);
  EXPECT_EQ(presence.sample(logits), 0);  // 1.85, 1.75, 1.8
  Sampler frequency({.temperature = 0, .frequency_penalty = 0.15}, 4);
  EXPECT_EQ(frequency.sample(logits), 0);
  EXPECT_EQ(frequency.sample(logits), 1);
  EXPECT_EQ(frequency.sample(logits), 0);
  EXPECT_EQ(frequency.sample(logits), 2);  // 1.7, 1.75, 1.8
  Sampler repetition({.temperature = 0, .repetition_penalty = 1.1}, 4);
  EXPECT_EQ(repetition.sample(logits), 0);
  EXPECT_EQ(repetition.sample(logits), 1);
}

TEST(Sampler, LogitBias) {
  Sampler sampler({.temperature = 0, .logit_bias = {{2, 5.0f}}}, 3);
  EXPECT_EQ(sampler.sample(std::vector<float>{1, 2, 0}), 2);
  EXPECT_THROW(Sampler({.logit_bias = {{3, 1.0f}}}, 3), Error);
}

TEST(Sampler, TheSeedDecides) {
  const std::vector<float> logits(100, 0.0f);
  const auto draw = [&](uint64_t seed) {
    Sampler sampler({.temperature = 1, .seed = seed}, 100);
    std::vector<TokenId> tokens;
    for (int i = 0; i < 20; ++i) {
      tokens.push_back(sampler.sample(logits));
    }
    return tokens;
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
}

// What the settings mean, said with one sort of the whole vocabulary.
TokenId sorted_choice(
    const SamplingSettings& settings,
    const std::vector<float>& logits,
    double uniform_draw) {
  struct Token {
    TokenId id;
    double weight;
  };
  const float top = *std::max_element(logits.begin(), logits.end());
  std::vector<Token> tokens;
  for (size_t i = 0; i < logits.size(); ++i) {
    tokens.push_back(
        {static_cast<TokenId>(i),
         std::exp(
             static_cast<double>(logits[i] - top) / settings.temperature)});
  }
  std::stable_sort(
      tokens.begin(), tokens.end(), [](const Token& a, const Token& b) {
        return a.weight > b.weight;
      });
  if (settings.top_k > 0) {
    tokens.resize(std::min(tokens.size(), static_cast<size_t>(settings.top_k)));
  }
  double total = 0;
  for (const Token& token : tokens) {
    total += token.weight;
  }
  double sum = 0;
  size_t kept = 0;
  while (kept < tokens.size() && (kept == 0 || sum < settings.top_p * total)) {
    sum += tokens[kept++].weight;
  }
  tokens.resize(kept);
  std::erase_if(tokens, [&](const Token& token) {
    return token.weight < settings.min_p;
  });
  // Cut by top-p the best come first, else the lowest ids.
  if (settings.top_p >= 1) {
    std::sort(tokens.begin(), tokens.end(), [](const Token& a, const Token& b) {
      return a.id < b.id;
    });
  }
  total = 0;
  for (const Token& token : tokens) {
    total += token.weight;
  }
  double left = uniform_draw * total;
  for (const Token& token : tokens) {
    left -= token.weight;
    if (left < 0) {
      return token.id;
    }
  }
  return tokens.back().id;
}

TEST(Sampler, ChoosesAsASortOfTheWholeVocabularyWould) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 4);
  std::vector<float> logits(20'011);
  for (float& logit : logits) {
    logit = normal(random);
  }
  logits[5] = -INFINITY;
  logits[4000] = logits[17];
  int seed = 0;
  for (const double temperature : {0.5, 1.0, 3.0}) {
    for (const int top_k : {0, 1, 20, 1000, 1'000'000}) {
      for (const double top_p : {0.3, 0.95, 1.0}) {
        for (const double min_p : {0.0, 0.05}) {
          SamplingSettings settings{.temperature = temperature};
          settings.top_k = top_k;
          settings.top_p = top_p;
          settings.min_p = min_p;
          settings.seed = static_cast<uint64_t>(++seed);
          Sampler sampler(settings, static_cast<int64_t>(logits.size()));
          EXPECT_EQ(
              sampler.sample(logits),
              sorted_choice(settings, logits, uniform(settings.seed, 0)))
              << "temperature " << temperature << " top_k " << top_k
              << " top_p " << top_p << " min_p " << min_p;
        }
      }
    }
  }
}

TEST(Sampler, ATemperatureNextToNothingIsGreedy) {
  Sampler sampler({.temperature = 1e-300}, 4);
  EXPECT_EQ(sampler.sample(std::vector<float>{-1e30f, 3, 2, -INFINITY}), 1);
}

TEST(Sampler, RefusesWhatIsNoNumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float bad : {nan, INFINITY}) {
    Sampler sampler({.temperature = 0.5}, 3);
    EXPECT_THROW(sampler.sample(std::vector<float>{1, bad, 0}), Error);
  }
  Sampler sampler({.temperature = 0.5}, 2);
  EXPECT_THROW(sampler.sample(std::vector<float>{-INFINITY, -INFINITY}), Error);
}

TEST(Sampler, RefusesSettingsOutOfRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(check_sampling({.temperature = -1}), Error);
  EXPECT_THROW(check_sampling({.temperature = nan}), Error);
  EXPECT_THROW(check_sampling({.top_k = -1}), Error);
  EXPECT_THROW(check_sampling({.top_p = 1.5}), Error);
  EXPECT_THROW(check_sampling({.min_p = -0.1}), Error);
  EXPECT_THROW(check_sampling({.repetition_penalty = 0}), Error);
  EXPECT_NO_THROW(check_sampling({}));
}

}  // namespace
}  // namespace bantam
