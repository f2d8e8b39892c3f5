// SPDX-License-Identifier: MIT
#include "text/json_scanner.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace bantam {
namespace {

bool accepts(const std::string& text) {
  try {
    const std::string source = "test";
    JsonScanner scanner(text, source);
    scanner.skip_value();
    scanner.end();
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_file);
    return false;
  }
}

TEST(JsonScanner, AcceptsWhatTheGeneralParserAccepts) {
  const std::vector<std::string> texts = {
      "",
      " ",
      "null",
      "true",
      "false",
      "nul",
      "nullx",
      "tru",
      "0",
      "-0",
      "01",
      "-",
      "1.",
      "1.5",
      ".5",
      "1e5",
      "1E+5",
      "1e",
      "1e-",
      "--1",
      "+1",
      "\"\"",
      "\"a",
      "\"\\u00e9\"",
      "\"\\u12\"",
      "\"\\q\"",
      "\"\\\"",
      "\"\\ud83d\\ude00\"",
      "\"\\ud83d\"",
      "\"\\ude00\"",
      "\"\x01\"",
      "\"\xC3\xA9\"",
      "\"\xC3\"",
      "[]",
      "[",
      "]",
      "[1]",
      "[1,]",
      "[,1]",
      "[1 2]",
      "[1,2]",
      "{}",
      "{",
      "}",
      "{\"a\":1}",
      "{\"a\"}",
      "{\"a\":}",
      "{\"a\":1,}",
      "{a:1}",
      "{\"a\":1 \"b\":2}",
      "{\"a\":[{}]}",
      "[[]",
      "[{]}",
      "{\"a\":{\"b\":[]}}",
      " [ 1 , 2 ] ",
      "1 2",
      "[]]",
      "{,}",
      "[\"a\":1]",
      "{1:2}",
      "\xEF\xBB\xBF[]",
  };
  for (const std::string& text : texts) {
    const bool byte_order_mark = text.starts_with("\xEF");
    EXPECT_EQ(accepts(text), Json::accept(text) && !byte_order_mark) << text;
  }
}

TEST(JsonScanner, ReadsStringsAndNumbers) {
  const std::string source = "test";
  const std::string text =
      R"(["a\n\"\\\/\u00e9\ud83d\ude00é", -12, 1.5e3, 9223372036854775807])";
  JsonScanner scanner(text, source);
  std::string out;
  scanner.begin_array();
  ASSERT_TRUE(scanner.next_element());
  scanner.read_string(out);
  EXPECT_EQ(out, "a\n\"\\/é😀é");
  ASSERT_TRUE(scanner.next_element());
  EXPECT_EQ(scanner.read_integer(), -12);
  ASSERT_TRUE(scanner.next_element());
  EXPECT_EQ(scanner.read_number(), 1500);
  ASSERT_TRUE(scanner.next_element());
  EXPECT_EQ(scanner.read_integer(), INT64_MAX);
  EXPECT_FALSE(scanner.next_element());
  scanner.end();
}

TEST(JsonScanner, BoundsDepthAndKeys) {
  const std::string source = "test";
  const std::string deep(100000, '[');
  EXPECT_FALSE(accepts(deep));
  std::string keys = "{";
  for (int i = 0; i < 100; ++i) {
    keys += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":0";
  }
  keys += "}";
  JsonScanner few(keys, source);
  EXPECT_THROW(few.skip_value(99), Error);
  JsonScanner enough(keys, source);
  EXPECT_EQ(enough.skip_value(100), keys);
}

}  // namespace
}  // namespace bantam
