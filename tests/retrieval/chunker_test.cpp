// SPDX-License-Identifier: MIT
#include "retrieval/chunker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace bantam {
namespace {

// A token a word, and one for each 8 bytes of a long one.
int64_t count_words(std::string_view text) {
  int64_t tokens = 0;
  size_t word = 0;
  for (const char c : text) {
    word = c == ' ' || c == '\n' || c == '\t' ? 0 : word + 1;
    tokens += word % 8 == 1 ? 1 : 0;
  }
  return tokens;
}

std::vector<ChunkSpan> cut(const DocumentText& document) {
  return cut_chunks(document, {}, count_words);
}

std::string lines(int count, const std::string& word) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += word + std::to_string(i) + " and some more words here\n";
  }
  return out;
}

TEST(Chunker, CutsAtSections) {
  const DocumentText document = structure_document(
      DocumentKind::markdown,
      "# One\n" + lines(20, "a") + "# Two\n" + lines(20, "b") + "# Three\nx\n");
  const auto spans = cut(document);
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(document.text.substr(spans[1].begin, 5), "# Two");
  EXPECT_EQ(document.sections[spans[1].section].heading, "Two");
  EXPECT_EQ(spans[0].end, spans[1].begin);
  EXPECT_EQ(document.text.substr(spans[2].begin, 7), "# Three");
}

TEST(Chunker, JoinsShortSections) {
  const DocumentText document =
      structure_document(DocumentKind::markdown, "# A\nx\n# B\ny\n# C\nz\n");
  EXPECT_EQ(cut(document).size(), 1u);
}

TEST(Chunker, OverlapsWithinASection) {
  const DocumentText document =
      structure_document(DocumentKind::text, lines(200, "w"));
  const auto spans = cut(document);
  ASSERT_GT(spans.size(), 5u);
  for (size_t i = 0; i + 1 < spans.size(); ++i) {
    const int64_t shared = count_words(
        std::string_view(document.text)
            .substr(spans[i + 1].begin, spans[i].end - spans[i + 1].begin));
    EXPECT_GT(shared, 0);
    EXPECT_LE(shared, 32);
  }
}

// Whatever the text, chunks cover it, in order, and none is too long.
TEST(Chunker, HoldsItsLimits) {
  std::mt19937 random(3);
  const std::vector<std::string> pieces = {
      "word ",
      "\n",
      "\n\n",
      "# H\n",
      "é",
      "a.",
      "b. ",
      "xxxxxxxxxxxxxxxx",
      "SEE ALSO\n",
      "\t",
      "日本"};
  for (int round = 0; round < 40; ++round) {
    std::string text;
    for (int i = 0; i < 3000; ++i) {
      text += pieces[random() % (round % 10 == 0 ? 2 : pieces.size())];
    }
    const auto kind = static_cast<DocumentKind>(round % 4);
    const DocumentText document = structure_document(kind, text);
    const auto spans = cut(document);
    size_t covered = 0;
    for (const ChunkSpan& span : spans) {
      ASSERT_LT(span.begin, span.end);
      const std::string_view all = document.text;
      ASSERT_LE(
          count_words(all.substr(span.begin, span.end - span.begin)), 200);
      if (span.begin > covered) {
        ASSERT_EQ(count_words(all.substr(covered, span.begin - covered)), 0);
      }
      ASSERT_GT(span.end, covered);
      covered = span.end;
    }
    ASSERT_EQ(count_words(document.text.substr(covered)), 0);
  }
}

TEST(Chunker, OneEndlessLine) {
  const DocumentText document =
      structure_document(DocumentKind::text, std::string(3'000'000, 'x'));
  const auto spans = cut(document);
  EXPECT_GE(spans.size(), 3'000'000u / 8 / 200);
  EXPECT_EQ(spans.back().end, document.text.size());
}

}  // namespace
}  // namespace bantam
