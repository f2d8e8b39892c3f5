// SPDX-License-Identifier: MIT
#include "cli/text_line.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

class TextLineTest : public ::testing::Test {
 protected:
  void type(std::string_view text) {
    line_.apply({KeyKind::paste, std::string(text)});
  }
  void press(KeyKind kind, int times = 1) {
    for (int i = 0; i < times; ++i) {
      line_.apply({kind, {}});
    }
  }
  TextLine line_;
};

TEST_F(TextLineTest, MovesAndErasesByWhatAPersonSees) {
  // e with a combining accent, a family of three joined emoji.
  const std::string accented = "e\u0301";
  const std::string family = "\U0001F468\u200D\U0001F469\u200D\U0001F467";
  type("a" + accented + family + "b");
  press(KeyKind::left, 2);
  EXPECT_EQ(line_.cursor(), 1 + accented.size());
  press(KeyKind::backspace);
  EXPECT_EQ(line_.text(), "a" + family + "b");
  press(KeyKind::erase);
  EXPECT_EQ(line_.text(), "ab");
  press(KeyKind::left, 5);
  press(KeyKind::backspace);
  press(KeyKind::right, 9);
  press(KeyKind::erase);
  EXPECT_EQ(line_.text(), "ab");
}

TEST_F(TextLineTest, CutsWordsAndLines) {
  type("one two  three");
  press(KeyKind::cut_word);
  EXPECT_EQ(line_.text(), "one two  ");
  press(KeyKind::word_left);
  EXPECT_EQ(line_.cursor(), 4u);
  press(KeyKind::insert_cut);
  EXPECT_EQ(line_.text(), "one threetwo  ");
  press(KeyKind::cut_to_end);
  EXPECT_EQ(line_.text(), "one three");
  press(KeyKind::home);
  press(KeyKind::cut_next_word);
  EXPECT_EQ(line_.text(), " three");
  press(KeyKind::end);
  press(KeyKind::cut_to_begin);
  EXPECT_TRUE(line_.empty());
}

TEST_F(TextLineTest, WalksThroughHistoryAndKeepsTheDraft) {
  for (const char* text : {"first", "second", "second"}) {
    type(text);
    EXPECT_EQ(line_.take(), text);
  }
  type("draft");
  press(KeyKind::up);
  EXPECT_EQ(line_.text(), "second");
  press(KeyKind::up, 3);
  EXPECT_EQ(line_.text(), "first");
  press(KeyKind::down, 2);
  EXPECT_EQ(line_.text(), "draft");
  press(KeyKind::down);
  EXPECT_EQ(line_.text(), "draft");
}

TEST_F(TextLineTest, UpAndDownMoveWithinSeveralLines) {
  type("earlier");
  line_.take();
  type("abcd\nx\nefgh");
  press(KeyKind::up);
  EXPECT_EQ(line_.cursor(), 6u);  // the end of the short line
  press(KeyKind::up);
  EXPECT_EQ(line_.cursor(), 1u);
  press(KeyKind::end);
  EXPECT_EQ(line_.cursor(), 4u);
  press(KeyKind::down, 2);
  EXPECT_EQ(line_.cursor(), 8u);
  press(KeyKind::home);
  EXPECT_EQ(line_.cursor(), 7u);
  press(KeyKind::up, 3);
  EXPECT_EQ(line_.text(), "earlier");
}

}  // namespace
}  // namespace bantam
