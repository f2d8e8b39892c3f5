// SPDX-License-Identifier: MIT
#include "cli/line_editor.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

using Rows = std::vector<std::string>;

TEST(LayOut, WrapsAndIndents) {
  const ScreenRows screen = lay_out("> ", "abcdefghijkl", 12, 10);
  EXPECT_EQ(screen.rows, (Rows{"> abcdefgh", "  ijkl"}));
  EXPECT_EQ(screen.cursor_row, 1u);
  EXPECT_EQ(screen.cursor_column, 6);
}

TEST(LayOut, ALineBreakBeginsARow) {
  const ScreenRows screen = lay_out("> ", "ab\n\ncd", 3, 20);
  EXPECT_EQ(screen.rows, (Rows{"> ab", "  ", "  cd"}));
  EXPECT_EQ(screen.cursor_row, 1u);
  EXPECT_EQ(screen.cursor_column, 2);
}

TEST(LayOut, WideCharactersTakeTwoColumns) {
  const std::string text = "\u65e5\u672c\u8a9e\u65e5\u672c";
  const ScreenRows screen = lay_out("> ", text, 12, 10);
  EXPECT_EQ(screen.rows, (Rows{"> \u65e5\u672c\u8a9e\u65e5", "  \u672c"}));
  EXPECT_EQ(screen.cursor_row, 1u);
  EXPECT_EQ(screen.cursor_column, 2);
}

TEST(LayOut, TheCursorBehindAFullRowIsOnTheNext) {
  const ScreenRows screen = lay_out("> ", "abcdefgh", 8, 10);
  EXPECT_EQ(screen.rows, (Rows{"> abcdefgh", "  "}));
  EXPECT_EQ(screen.cursor_row, 1u);
  EXPECT_EQ(screen.cursor_column, 2);
}

TEST(LayOut, ControlCharactersAreNotShown) {
  EXPECT_EQ(lay_out("> ", "a\x1b[2J\tb", 0, 20).rows, (Rows{"> a[2J  b"}));
}

TEST(LayOut, TheCursorMayStandAnywhere) {
  const std::string text = "ab\ncde";
  const std::pair<size_t, int> places[] = {
      {0, 2}, {0, 3}, {0, 4}, {1, 2}, {1, 3}, {1, 4}, {1, 5}};
  for (size_t at = 0; at <= text.size(); ++at) {
    const ScreenRows screen = lay_out("> ", text, at, 20);
    EXPECT_EQ(screen.cursor_row, places[at].first) << at;
    EXPECT_EQ(screen.cursor_column, places[at].second) << at;
  }
}

}  // namespace
}  // namespace bantam
