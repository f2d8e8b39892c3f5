// SPDX-License-Identifier: MIT
#include "retrieval/claims.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

std::string marked(const std::string& text, int sources = 2) {
  std::string out;
  for (const Claim& claim : split_claims(text, sources)) {
    out += text.substr(claim.begin, claim.end - claim.begin);
    out += claim_mark(claim);
  }
  return out;
}

TEST(Claims, MarksWhatNamesNoSource) {
  EXPECT_EQ(
      marked("Ships wait outside [1]. They leave at dawn."),
      "Ships wait outside [1]. They leave at dawn. [no source]");
  EXPECT_EQ(
      marked("Ships wait outside. [1] [2] They leave early."),
      "Ships wait outside. [1] [2] They leave early. [no source]");
  EXPECT_EQ(
      marked("The third one says it [7]."),
      "The third one says it [7]. [no such source]");
  EXPECT_EQ(marked("Both do so [1, 2]."), "Both do so [1, 2].");
}

TEST(Claims, KnowsWhatClaimsNothing) {
  EXPECT_EQ(marked("Yes."), "Yes.");
  EXPECT_EQ(
      marked("# A long heading here\nIt is so [1]."),
      "# A long heading here\nIt is so [1].");
  EXPECT_EQ(
      marked("These are the steps:\n- First one [1]\n"),
      "These are the steps:\n- First one [1]\n");
  EXPECT_EQ(marked("```\nx = a.b(c) and d\n```"), "```\nx = a.b(c) and d\n```");
  EXPECT_EQ(
      marked("Use e.g. sqlite.org 3.14 now [1]."),
      "Use e.g. sqlite.org 3.14 now [1].");
  EXPECT_EQ(marked(""), "");
}

TEST(Claims, ListsTheSources) {
  const auto claims = split_claims("It is both [2][1] and [2, 9].", 2);
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].sources, (std::vector{2, 1}));
  EXPECT_EQ(claims[0].unknown, (std::vector{9}));
}

// However it comes, what is printed is the same, and nothing is kept back for
// longer than its sentence.
TEST(Claims, StreamsTheSame) {
  const std::string text =
      "Ships wait outside. [1] They leave at dawn.\n\n## On land\n- A list "
      "item here [2]\n- And another one\nSee https://a.b/c. The end is near";
  for (size_t step = 1; step < text.size(); ++step) {
    ClaimMarker marker(2);
    std::string out;
    for (size_t i = 0; i < text.size(); i += step) {
      out += marker.push(text.substr(i, step));
    }
    EXPECT_EQ(out + marker.finish(), marked(text)) << step;
  }
  ClaimMarker marker(2);
  EXPECT_EQ(marker.push("One two three. "), "");
  EXPECT_EQ(marker.push("F"), "One two three. [no source]");
}

}  // namespace
}  // namespace bantam
