// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_output.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace bantam {
namespace {

// As mlx-lm 0.32.2 prints them.
const std::string kStatistics =
    "Prompt: 36 tokens, 12.345 tokens-per-sec\n"
    "Generation: 8 tokens, 6.500 tokens-per-sec\n"
    "Peak memory: 0.432 GB\n";

struct Parsed {
  std::string text;
  std::optional<MlxLmStatistics> statistics;
  bool begun = false;
};

Parsed parse(const std::string& output, size_t piece) {
  MlxLmOutput parser;
  Parsed parsed;
  for (size_t i = 0; i < output.size(); i += piece) {
    parsed.text += parser.push(output.substr(i, piece));
  }
  parsed.text += parser.finish();
  parsed.statistics = parser.statistics();
  parsed.begun = parser.begun();
  return parsed;
}

// However the pipe cuts it.
void expect_text(const std::string& output, const std::string& text) {
  for (const size_t piece : {1, 2, 3, 7, 64, 100000}) {
    EXPECT_EQ(parse(output, piece).text, text) << piece;
  }
}

std::string printed(const std::string& text) {
  return "==========\n" + text + "\n==========\n" + kStatistics;
}

TEST(MlxLmOutput, TextAndStatistics) {
  for (const size_t piece : {1, 5, 4096}) {
    const Parsed parsed = parse(printed("Gravity is\na force."), piece);
    EXPECT_EQ(parsed.text, "Gravity is\na force.");
    ASSERT_TRUE(parsed.statistics);
    EXPECT_EQ(parsed.statistics->prompt_tokens, 36);
    EXPECT_DOUBLE_EQ(parsed.statistics->prompt_tps, 12.345);
    EXPECT_EQ(parsed.statistics->generated_tokens, 8);
    EXPECT_DOUBLE_EQ(parsed.statistics->generation_tps, 6.5);
  }
}

TEST(MlxLmOutput, TextThatLooksLikeTheEnd) {
  expect_text(printed("a\n==========\nb"), "a\n==========\nb");
  expect_text(printed("a\n=========="), "a\n==========");
  expect_text(printed("\n\n"), "\n\n");
  expect_text(printed("x\n==========\n"), "x\n==========\n");
  expect_text(
      printed("a\n==========\nPrompt: 1 of them"),
      "a\n==========\nPrompt: 1 of them");
  // A whole false end, with more behind it.
  const std::string text = "a\n==========\n" + kStatistics + "b";
  expect_text(printed(text), text);
  EXPECT_EQ(parse(printed(text), 3).statistics->prompt_tokens, 36);
}

TEST(MlxLmOutput, NoText) {
  const Parsed parsed =
      parse("==========\n\n==========\nNo text generated for this prompt\n", 3);
  EXPECT_EQ(parsed.text, "");
  ASSERT_TRUE(parsed.statistics);
  EXPECT_EQ(parsed.statistics->generated_tokens, 0);
}

TEST(MlxLmOutput, WhatStandsBeforeIsNoText) {
  const Parsed parsed = parse("Fetching 9 files\nwarning\n" + printed("x"), 4);
  EXPECT_EQ(parsed.text, "x");
  MlxLmOutput parser;
  EXPECT_EQ(parser.push("==== oh\nno\n"), "");
  EXPECT_EQ(parser.finish(), "");
  EXPECT_FALSE(parser.begun());
  EXPECT_EQ(parser.preamble(), "==== oh\nno\n");
}

TEST(MlxLmOutput, CutOffBeforeItsEnd) {
  for (const char* end :
       {"",
        "\n",
        "\n=====",
        "\n==========\n",
        "\n==========\nPrompt: 36 tok"}) {
    const Parsed parsed = parse("==========\nhalf an" + std::string(end), 2);
    EXPECT_EQ(parsed.text, "half an" + std::string(end));
    EXPECT_FALSE(parsed.statistics) << end;
  }
}

TEST(MlxLmOutput, PiecesAreWholeCharacters) {
  MlxLmOutput parser;
  EXPECT_EQ(parser.push("==========\na\xE2\x82"), "a");
  EXPECT_EQ(
      parser.push(
          "\xAC"
          "b"),
      "\xE2\x82\xAC"
      "b");
  // A byte that never becomes a character, and one cut off by the end.
  EXPECT_EQ(parser.push("\xFFz"), "\xEF\xBF\xBDz");
  EXPECT_EQ(parser.push("\xE2"), "");
  EXPECT_EQ(parser.finish(), "\xEF\xBF\xBD");
  expect_text(printed("h\xC3\xA9t\xE2\x82\xACs"), "h\xC3\xA9t\xE2\x82\xACs");
}

TEST(MlxLmOutput, EndlessGarbageIsRefused) {
  MlxLmOutput parser;
  const std::string garbage(1 << 16, 'g');
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) {
          parser.push(garbage);
        }
      },
      Error);
}

}  // namespace
}  // namespace bantam
