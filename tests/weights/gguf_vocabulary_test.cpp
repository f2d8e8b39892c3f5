// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "model_files.h"
#include "weights/gguf.h"

namespace bantam {
namespace {

class GgufVocabularyTest : public ::testing::Test {
 protected:
  GgufVocabularyTest() {
    writer_.text("tokenizer.ggml.model", "gpt2");
    writer_.texts("tokenizer.ggml.tokens", {"a", "b", "<end>"});
  }
  GgufVocabulary read() {
    return read_vocabulary(GgufFile(folder_.write("m.gguf", writer_.bytes())));
  }
  void expect_invalid(std::initializer_list<std::string> parts) {
    expect_error(ErrorCode::invalid_file, parts, [&] { read(); });
    expect_error(ErrorCode::invalid_file, {"m.gguf"}, [&] { read(); });
  }

  TemporaryFolder folder_;
  GgufWriter writer_;
};

TEST_F(GgufVocabularyTest, ReadsEveryKey) {
  writer_.text("tokenizer.ggml.pre", "qwen2");
  writer_.numbers<float>("tokenizer.ggml.scores", kF32, {0, -1.5, 2});
  writer_.numbers<int32_t>("tokenizer.ggml.token_type", kI32, {1, 6, 3});
  writer_.texts("tokenizer.ggml.merges", {"a b", "b a"});
  writer_.u32("tokenizer.ggml.bos_token_id", 0);
  writer_.u32("tokenizer.ggml.eos_token_id", 2);
  writer_.u32("tokenizer.ggml.unknown_token_id", 1);
  writer_.u32("tokenizer.ggml.padding_token_id", 2);
  writer_.u32("tokenizer.ggml.eot_token_id", 2);
  writer_.u32("tokenizer.ggml.eom_token_id", 1);
  writer_.boolean("tokenizer.ggml.add_bos_token", true);
  writer_.boolean("tokenizer.ggml.add_eos_token", false);
  writer_.boolean("tokenizer.ggml.add_space_prefix", false);
  const GgufVocabulary vocabulary = read();
  EXPECT_EQ(vocabulary.source, folder_.at("m.gguf"));
  EXPECT_EQ(vocabulary.model, "gpt2");
  EXPECT_EQ(vocabulary.pre, "qwen2");
  EXPECT_EQ(vocabulary.tokens, (std::vector<std::string>{"a", "b", "<end>"}));
  EXPECT_EQ(vocabulary.scores, (std::vector<float>{0, -1.5, 2}));
  EXPECT_EQ(vocabulary.types, (std::vector<int32_t>{1, 6, 3}));
  EXPECT_EQ(vocabulary.merges, (std::vector<std::string>{"a b", "b a"}));
  EXPECT_EQ(vocabulary.bos, 0);
  EXPECT_EQ(vocabulary.eos, 2);
  EXPECT_EQ(vocabulary.unknown, 1);
  EXPECT_EQ(vocabulary.padding, 2);
  EXPECT_EQ(vocabulary.other_end_tokens, (std::vector<TokenId>{2, 1}));
  EXPECT_EQ(vocabulary.add_bos, true);
  EXPECT_EQ(vocabulary.add_eos, false);
  EXPECT_EQ(vocabulary.add_space_prefix, false);
}

TEST_F(GgufVocabularyTest, WhatIsAbsentStaysUnset) {
  writer_.u32("tokenizer.ggml.bos_token_id", ~0u);  // converters' "none"
  writer_.u32("tokenizer.ggml.padding_token_id", 3);
  const GgufVocabulary vocabulary = read();
  EXPECT_EQ(vocabulary.pre, "");
  EXPECT_TRUE(vocabulary.scores.empty());
  EXPECT_TRUE(vocabulary.types.empty());
  EXPECT_TRUE(vocabulary.merges.empty());
  EXPECT_EQ(vocabulary.bos, std::nullopt);
  EXPECT_EQ(vocabulary.eos, std::nullopt);
  EXPECT_EQ(vocabulary.padding, std::nullopt);
  EXPECT_TRUE(vocabulary.other_end_tokens.empty());
  EXPECT_EQ(vocabulary.add_bos, std::nullopt);
}

TEST_F(GgufVocabularyTest, AFileWithoutAVocabularyIsNamed) {
  writer_ = GgufWriter{};
  expect_invalid({"no vocabulary", "tokenizer.ggml.model"});
  writer_.text("tokenizer.ggml.model", "gpt2");
  expect_invalid({"no vocabulary", "tokenizer.ggml.tokens"});
  writer_.texts("tokenizer.ggml.tokens", {});
  expect_invalid({"no vocabulary", "tokenizer.ggml.tokens"});
}

TEST_F(GgufVocabularyTest, ListsOfAnotherLengthAreRefused) {
  writer_.numbers<float>("tokenizer.ggml.scores", kF32, {0});
  expect_invalid({"tokenizer.ggml.scores", "1 elements", "3 tokens"});
}

TEST_F(GgufVocabularyTest, ListsOfAnotherTypeAreRefused) {
  writer_.numbers<float>("tokenizer.ggml.token_type", kF32, {0, 1, 2});
  expect_invalid(
      {"tokenizer.ggml.token_type", "numbers, expected an array of integers"});
}

TEST_F(GgufVocabularyTest, IdsOutsideTheVocabularyAreRefused) {
  writer_.u32("tokenizer.ggml.eos_token_id", 3);
  expect_invalid({"tokenizer.ggml.eos_token_id", "is 3", "3 tokens"});
}

}  // namespace
}  // namespace bantam
