// SPDX-License-Identifier: MIT
#include "cli/page.h"

#include <gtest/gtest.h>

#include "cli/table.h"

namespace bantam {
namespace {

using Lines = std::vector<std::string>;

TEST(Page, LinesBreakAtSpaces) {
  EXPECT_EQ(lines_of("one two three", 7), (Lines{"one two", "three"}));
  EXPECT_EQ(lines_of("one two three", 13), (Lines{"one two three"}));
  EXPECT_EQ(lines_of("", 5), (Lines{""}));
  EXPECT_EQ(lines_of("  kept", 6), (Lines{"  kept"}));
}

TEST(Page, AWordLongerThanALineIsBroken) {
  EXPECT_EQ(
      lines_of("see /a/long/path now", 5),
      (Lines{"see", "/a/lo", "ng/pa", "th", "now"}));
}

TEST(Page, CharactersCountNotBytes) {
  EXPECT_EQ(text_width("\u00e4\u00f6\u4e2d"), 3u);
  EXPECT_EQ(
      lines_of("\u00e4\u00f6\u00fc\u00df", 3),
      (Lines{"\u00e4\u00f6\u00fc", "\u00df"}));
  EXPECT_EQ(lines_of("a\xff\xff", 2), (Lines{"a\xff", "\xff"}));
}

TEST(Page, AParagraphHangs) {
  EXPECT_EQ(
      paragraph(
          "green  memory  ", "               ", "9 GiB free here, 3 used", 36),
      "green  memory  9 GiB free here, 3\n"
      "               used\n");
  // No margin takes the whole page.
  EXPECT_EQ(
      paragraph("green  memory  ", "", "9 GiB free here", 16),
      "green  memory  9 GiB free here\n");
  EXPECT_EQ(paragraph("- ", "  ", "one line", kUnbroken), "- one line\n");
}

TEST(Page, ATableThatFitsIsOneLineARow) {
  EXPECT_EQ(
      columns_text({{"a", "bbb"}, {"one two", ""}}, 80),
      "a    one two\nbbb  \n");
}

TEST(Page, AWideTableGetsNarrowerColumns) {
  EXPECT_EQ(
      columns_text(
          {{"name", "licence"},
           {"A", "apache-2.0, commercial use allowed"},
           {"B", "mit"}},
          36),
      "name     A                       B\n"
      "licence  apache-2.0, commercial  mit\n"
      "         use allowed\n");
}

}  // namespace
}  // namespace bantam
