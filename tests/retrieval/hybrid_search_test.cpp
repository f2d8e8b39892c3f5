// SPDX-License-Identifier: MIT
#include "retrieval/hybrid_search.h"

#include <gtest/gtest.h>

#include "../base/temporary_folder.h"
#include "fake_embedder.h"

namespace bantam {
namespace {

// Two files: many chunks about apples, and one about rivers.
class HybridSearchTest : public testing::Test {
 protected:
  HybridSearchTest() : index_(folder_.at("i.db"), DatabaseMode::create) {
    std::vector<std::string> apples;
    for (int i = 0; i < 10; ++i) {
      apples.push_back("apple number " + std::to_string(i));
    }
    index_.put(
        std::vector{
            document("/apples", apples),
            document("/rivers", {"the river and its apple trees", "engine"})},
        {embedder_.fingerprint(), embedder_.dimension()});
  }

  IndexedDocument document(
      const std::string& path,
      const std::vector<std::string>& texts) {
    IndexedDocument out;
    out.document.path = path;
    out.document.kind = "text";
    for (const std::string& text : texts) {
      Chunk chunk;
      chunk.text = text;
      out.chunks.push_back(chunk);
    }
    out.vectors = embedder_.embed(texts);
    return out;
  }

  std::vector<Hit> ask(const std::string& query, SearchOptions options) {
    return search(index_, query, embedder_.embed(std::vector{query}), options);
  }

  TemporaryFolder folder_;
  FakeEmbedder embedder_;
  DocumentIndex index_;
};

TEST_F(HybridSearchTest, BothSearchesCount) {
  // By words number 7 alone; by vectors all chunks about apples.
  const auto hits = ask("apple 7", {.limit = 3});
  ASSERT_EQ(hits.size(), 3u);
  EXPECT_EQ(hits[0].chunk.text, "apple number 7");
  EXPECT_EQ(hits[0].word_rank, 1);
  EXPECT_TRUE(hits[0].vector_rank.has_value());
  const double expected =
      1.0 / 61 + 1.0 / (60 + static_cast<double>(*hits[0].vector_rank));
  EXPECT_NEAR(hits[0].score, expected, 1e-12);
}

TEST_F(HybridSearchTest, NoFileTakesAllPlaces) {
  const auto hits = ask("apple", {.limit = 4, .per_file = 3});
  ASSERT_EQ(hits.size(), 4u);
  int64_t apples = 0;
  for (const Hit& hit : hits) {
    apples += hit.path == "/apples" ? 1 : 0;
  }
  EXPECT_EQ(apples, 3);
  // Unless there is nothing else.
  EXPECT_EQ(ask("apple", {.limit = 9, .per_file = 1}).size(), 9u);
}

TEST_F(HybridSearchTest, OneSearchAlone) {
  const auto words = ask("river", {.limit = 9, .mode = SearchMode::words});
  ASSERT_EQ(words.size(), 1u);
  EXPECT_FALSE(words[0].vector_rank.has_value());
  const auto vectors = ask("engine", {.limit = 1, .mode = SearchMode::vectors});
  ASSERT_EQ(vectors.size(), 1u);
  EXPECT_EQ(vectors[0].chunk.text, "engine");
  EXPECT_TRUE(
      ask("nothing of it", {.limit = 2, .mode = SearchMode::words}).empty());
}

}  // namespace
}  // namespace bantam
