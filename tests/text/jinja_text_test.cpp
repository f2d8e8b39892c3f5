// SPDX-License-Identifier: MIT
#include "text/jinja_text.h"

#include <gtest/gtest.h>

#include <random>

#include "text/jinja_search.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {
namespace {

TEST(JinjaText, ranges_join_and_split) {
  Text text;
  text.append("ab", true);
  text.append("cd", true);
  text.append("ef");
  text.append("", true);
  text.append("gh", true);
  EXPECT_EQ(text.bytes, "abcdefgh");
  EXPECT_EQ(text.input, (std::vector<ByteRange>{{0, 4}, {6, 8}}));
  EXPECT_EQ(slice(text, 3, 7).input, (std::vector<ByteRange>{{0, 1}, {3, 4}}));
  EXPECT_TRUE(slice(text, 4, 6).input.empty());
  EXPECT_TRUE(slice(text, 2, 2).input.empty());
  text.mark_all();
  EXPECT_EQ(text.input, (std::vector<ByteRange>{{0, 8}}));
}

TEST(JinjaText, slices_agree_with_marks_byte_by_byte) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    Text text;
    std::vector<bool> marks;
    for (int i = 0; i < 12; ++i) {
      const bool marked = random() % 2;
      const size_t length = random() % 4;
      text.append(std::string(length, 'x'), marked);
      marks.insert(marks.end(), length, marked);
    }
    const size_t begin = random() % (text.size() + 1);
    const size_t end = begin + random() % (text.size() - begin + 1);
    const Text part = slice(text, begin, end);
    for (size_t i = 0; i < part.size(); ++i) {
      ASSERT_EQ(part.is_input(i), marks[begin + i]);
    }
  }
}

TEST(JinjaSearch, agrees_with_the_library) {
  std::mt19937 random(11);
  for (int round = 0; round < 2000; ++round) {
    std::string text(random() % 200, 'a');
    for (char& c : text) {
      c = random() % 8 == 0 ? 'b' : 'a';
    }
    std::string words(33 + random() % 20, 'a');
    words[random() % words.size()] = random() % 3 ? 'b' : 'a';
    const size_t from = random() % 50;
    ASSERT_EQ(find_words(text, words, from), text.find(words, from));
    ASSERT_EQ(find_last_words(text, words), text.rfind(words));
  }
}

TEST(JinjaUnicode, offsets) {
  const std::string text = "aé世🙂";
  EXPECT_EQ(count_characters(text), 4);
  EXPECT_EQ(byte_offset(text, 2), 3u);
  EXPECT_EQ(byte_offset(text, 9), text.size());
  EXPECT_EQ(character_starts(text), (std::vector<size_t>{0, 1, 3, 6, 10}));
  EXPECT_EQ(strip_right("a\u00a0 \n"), "a");
  EXPECT_EQ(skip_space("\u3000 b", 0), 4u);
}

}  // namespace
}  // namespace bantam::jinja
