// SPDX-License-Identifier: MIT
#include "retrieval/source_text.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

using namespace std::string_literals;

TEST(SourceText, KnowsEncodings) {
  const auto decoded = [](std::string_view bytes) {
    return decode_text(bytes).value();
  };
  EXPECT_EQ(decoded("caf\xC3\xA9").text, "café");
  EXPECT_EQ(decoded("caf\xC3\xA9").encoding, Encoding::utf8);
  EXPECT_EQ(decoded("\xEF\xBB\xBFx").text, "x");
  EXPECT_EQ(decoded("caf\xE9 \x80 \x93q\x94").text, "café € “q”");
  EXPECT_EQ(decoded("caf\xE9").encoding, Encoding::windows1252);
  EXPECT_EQ(decoded("\xFF\xFEh\0i\0\x3D\xD8\x80\xDE"s).text, "hi🚀");
  EXPECT_EQ(decoded("\xFE\xFF\0h\0i"s).text, "hi");
  // Half a surrogate pair.
  EXPECT_EQ(decoded("\xFE\xFF\xD8\x3D\0x"s).text, "\uFFFDx");
  EXPECT_EQ(decoded("").text, "");
}

TEST(SourceText, TellsBinaryFromText) {
  EXPECT_FALSE(decode_text(
      "\x7F"
      "ELF\x02\x01\0\0"s));
  EXPECT_FALSE(decode_text(std::string(100, '\x01')));
  // A NUL far behind is damage, not a binary.
  const std::string late = std::string(9000, 'a') + "\0b"s;
  ASSERT_TRUE(decode_text(late));
  EXPECT_EQ(decode_text(late)->text.substr(8999), "a b");
}

// The byte offsets of "é" and of what follows it, in each encoding.
TEST(SourceText, FindsTheWayBack) {
  const auto places = [](std::string_view bytes) {
    const DecodedText decoded = decode_text(bytes).value();
    const size_t at = decoded.text.find("é");
    ByteOffsets offsets(decoded);
    const int64_t first = offsets.at(at);
    return std::pair(first, offsets.at(at + 2));
  };
  using Pair = std::pair<int64_t, int64_t>;
  EXPECT_EQ(places("caf\xC3\xA9!"), Pair(3, 5));
  EXPECT_EQ(
      places(
          "\xEF\xBB\xBF"
          "caf\xC3\xA9!"),
      Pair(6, 8));
  EXPECT_EQ(
      places(
          "\x80"
          "caf\xE9!"),
      Pair(4, 5));
  EXPECT_EQ(places("\xFF\xFE\x3D\xD8\x80\xDE\xE9\0!\0"s), Pair(6, 8));
  LineNumbers lines("a\nb\n\nc");
  EXPECT_EQ(lines.at(0), 1);
  EXPECT_EQ(lines.at(2), 2);
  EXPECT_EQ(lines.at(5), 4);
}

}  // namespace
}  // namespace bantam
