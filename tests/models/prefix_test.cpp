// SPDX-License-Identifier: MIT
// Every family, prompts that begin alike: what is taken up from the cache
// changes no bit of any logit.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/json.h"
#include "generate/philox.h"
#include "model_run.h"
#include "weights/locate.h"

namespace bantam {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPlenty = int64_t{1} << 30;

std::vector<std::string> fixture_names() {
  std::vector<std::string> names;
  for (const auto& entry :
       fs::directory_iterator(fs::path(BANTAM_TEST_DIR) / "models")) {
    if (fs::exists(entry.path() / "golden.json")) {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string model_of(const std::string& name) {
  const fs::path folder = fs::path(BANTAM_TEST_DIR) / "models" / name;
  const std::string model =
      read_json_file((folder / "golden.json").string())["model"]
          .get<std::string>();
  return fs::exists(folder / model) ? (folder / model).string()
                                    : locate_model(model);
}

class Prefix : public ::testing::TestWithParam<std::string> {
 protected:
  // `count` tokens that depend on `seed`.
  std::vector<TokenId> tokens(uint64_t seed, int64_t count) {
    std::vector<TokenId> ids;
    for (int64_t i = 0; i < count; ++i) {
      ids.push_back(
          static_cast<TokenId>(
              uniform(seed, i) * static_cast<double>(run_.shape().vocabulary)));
    }
    return ids;
  }
  std::vector<TokenId> joined(
      const std::vector<TokenId>& a,
      size_t length,
      const std::vector<TokenId>& b) {
    std::vector<TokenId> ids(a.begin(), a.begin() + length);
    ids.insert(ids.end(), b.begin(), b.end());
    return ids;
  }
  // Reads `ids` and compares with a cold start. Returns the tokens taken up.
  int64_t read(
      ModelRun::PrefixRun& prefix,
      const std::vector<TokenId>& ids,
      std::vector<int64_t> boundaries = {},
      int64_t chunk = 1000) {
    int64_t cached = 0;
    const LogitRows got =
        run_.read_prompt(prefix, ids, boundaries, chunk, cached);
    LogitRows expected = run_.logits(ids, prefix.cache->budget_tokens(), 1000);
    expected.erase(expected.begin(), expected.begin() + cached);
    EXPECT_EQ(got, expected) << "after " << cached << " tokens";
    EXPECT_EQ(prefix.cache->position(), static_cast<int64_t>(ids.size()));
    return cached;
  }

  ModelRun run_{model_of(GetParam()), nn::KernelPath::native, 2};
  std::vector<TokenId> a_ = tokens(1, 100);
  std::vector<TokenId> b_ = tokens(2, 40);
};

TEST_P(Prefix, AContinuationTakesEverything) {
  auto prefix = run_.prefix_run(200, 0);
  EXPECT_EQ(read(prefix, a_), 0);
  EXPECT_EQ(read(prefix, joined(a_, 100, b_), {}, 7), 100);
  // And past the budget, where tokens are dropped.
  auto narrow = run_.prefix_run(48, 0);
  read(narrow, a_);
  EXPECT_EQ(read(narrow, joined(a_, 100, b_)), 100);
}

TEST_P(Prefix, AForkTakesWhatLiesInPlace) {
  auto prefix = run_.prefix_run(200, 0);
  const bool cuts = prefix.cache->needs_checkpoints();
  read(prefix, a_);
  EXPECT_EQ(read(prefix, joined(a_, 60, b_)), cuts ? 0 : 60);
  EXPECT_EQ(read(prefix, joined(a_, 50, {})), cuts ? 0 : 49);
  EXPECT_EQ(read(prefix, b_), 0);
}

TEST_P(Prefix, CheckpointsAndBlocksBringBackEarlierPrompts) {
  auto prefix = run_.prefix_run(200, kPlenty);
  const bool cuts = prefix.cache->needs_checkpoints();
  read(prefix, a_, {40, 90}, 13);
  const auto fork = joined(a_, 60, b_);
  EXPECT_EQ(read(prefix, fork, {70}), cuts ? 40 : 60);
  // The first prompt again: its end was overwritten, but kept in blocks.
  EXPECT_EQ(read(prefix, a_), cuts ? 90 : 96);
  EXPECT_EQ(read(prefix, tokens(3, 40)), 0);
  EXPECT_EQ(read(prefix, fork), cuts ? 70 : 96);
  EXPECT_EQ(read(prefix, joined(a_, 95, b_)), cuts ? 40 : 64);
  // Given back: what lies in place is all there is.
  prefix.timeline->give_back();
  EXPECT_EQ(read(prefix, joined(a_, 95, tokens(4, 9))), cuts ? 0 : 95);
}

TEST_P(Prefix, DroppedTokensAreNotTakenUp) {
  auto prefix = run_.prefix_run(64, kPlenty);
  const bool cuts = prefix.cache->needs_checkpoints();
  const std::vector<TokenId> within(a_.begin(), a_.begin() + 60);
  read(prefix, within, {40});
  EXPECT_EQ(read(prefix, a_), 60);  // now positions 4 to 39 are others'
  EXPECT_EQ(read(prefix, joined(a_, 50, b_)), 0);
  read(prefix, within, {40});
  read(prefix, b_);
  EXPECT_EQ(read(prefix, joined(a_, 50, b_)), cuts ? 0 : 32);
}

TEST_P(Prefix, WhatWasHalfComputedIsNotTakenUp) {
  auto prefix = run_.prefix_run(200, kPlenty);
  const bool cuts = prefix.cache->needs_checkpoints();
  const std::vector<int64_t> none;
  // A chunk that never ends, after 50 whole tokens.
  prefix.timeline->start(a_, none);
  int64_t cached = 0;
  run_.read_prompt(
      prefix, std::span(a_).first(50), std::vector<int64_t>{20}, 50, cached);
  prefix.timeline->start(a_, none);
  prefix.timeline->begin_chunk(10);
  EXPECT_TRUE(prefix.timeline->tokens().empty());
  if (cuts) {
    for (size_t i = 0; i < run_.shape().layers.size(); ++i) {
      if (run_.shape().layers[i].kind == LayerKind::recurrent) {
        prefix.cache->delta(i).state.recurrent[0] += 1;
      }
    }
  }
  EXPECT_EQ(read(prefix, a_), cuts ? 20 : 50);
}

TEST_P(Prefix, AStoreOfTwoCheckpointsServesAConversation) {
  ModelRun::PrefixRun sizing = run_.prefix_run(200, 0);
  const int64_t checkpoint = sizing.cache->checkpoint_bytes(200);
  auto prefix = run_.prefix_run(200, 2 * Pages::rounded(checkpoint));
  const bool cuts = prefix.cache->needs_checkpoints();
  // Each turn shares all but the last 5 tokens of the one before.
  std::vector<TokenId> ids = joined(a_, 40, {});
  read(prefix, ids, {10, 35});
  for (uint64_t turn = 5; turn < 10; ++turn) {
    const auto shared = static_cast<int64_t>(ids.size()) - 5;
    ids = joined(ids, shared, tokens(turn, 20));
    const auto size = static_cast<int64_t>(ids.size());
    EXPECT_EQ(read(prefix, ids, {10, size - 5}), shared);
  }
  // A trimmed one shares the first 10.
  EXPECT_EQ(read(prefix, joined(ids, 10, b_), {10, 35}), 10);
  if (!cuts) {
    EXPECT_FALSE(prefix.timeline->keeps_checkpoints());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models,
    Prefix,
    ::testing::ValuesIn(fixture_names()),
    [](const auto& test) { return test.param; });

}  // namespace
}  // namespace bantam
