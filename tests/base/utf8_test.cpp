// SPDX-License-Identifier: MIT
#include "base/utf8.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

TEST(Utf8, RoundTripsEveryScalarValue) {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c == 0xD800) {
      c = 0xE000;
    }
    std::string text;
    append_utf8(c, text);
    const Utf8Character character = decode_utf8(text, 0);
    ASSERT_EQ(character.code_point, c);
    ASSERT_EQ(character.length, static_cast<int>(text.size()));
  }
}

TEST(Utf8, FindsTheFirstInvalidByte) {
  EXPECT_EQ(valid_utf8_prefix("plain"), 5u);
  EXPECT_EQ(valid_utf8_prefix("ab\xC3"), 2u);            // truncated
  EXPECT_EQ(valid_utf8_prefix("a\xC0\x80"), 1u);         // overlong
  EXPECT_EQ(valid_utf8_prefix("a\xED\xA0\x80"), 1u);     // surrogate
  EXPECT_EQ(valid_utf8_prefix("\xF4\x90\x80\x80"), 0u);  // above U+10FFFF
  EXPECT_EQ(valid_utf8_prefix("\xF0\x9F\x98\x80!"), 5u);
}

}  // namespace
}  // namespace bantam
