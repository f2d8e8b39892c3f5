// SPDX-License-Identifier: MIT
#include "base/json.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

std::string message_of(std::string_view text) {
  try {
    parse_json(text, "x.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_file);
    return error.what();
  }
  return "";
}

TEST(Json, ErrorsNameLineAndColumn) {
  EXPECT_EQ(message_of("{\n  \"a\": ?\n}").rfind("x.json:2:8: ", 0), 0u);
  EXPECT_EQ(message_of("").rfind("x.json:1:1: ", 0), 0u);
  EXPECT_EQ(message_of("[1,").rfind("x.json:1:4: ", 0), 0u);
}

TEST(Json, KeepsTheOrderOfKeys) {
  const Json value = parse_json(R"({"b":1,"a":2})", "x.json");
  EXPECT_EQ(to_json_line(value), R"({"b":1,"a":2})");
}

TEST(Json, OfARepeatedKeyTheLastValueCounts) {
  const Json value =
      parse_json(R"({"b":1,"a":[2,{"x":1,"x":2}],"b":{"c":3}})", "x.json");
  EXPECT_EQ(to_json_line(value), R"({"b":{"c":3},"a":[2,{"x":2}]})");
}

TEST(Json, ReadsEveryKindOfValue) {
  const std::string text =
      R"([null,true,-1,18446744073709551615,0.5,"é\n",[],{},[{"a":[[]]}]])";
  EXPECT_EQ(to_json_line(parse_json(text, "x.json")), text);
  EXPECT_EQ(parse_json(" 3 ", "x.json"), 3);
}

// Quadratic work in the number of keys would take minutes.
TEST(Json, LargeObjectsAreReadQuickly) {
  std::string text = "{";
  constexpr int kKeys = 200'000;
  for (int i = 0; i < kKeys; ++i) {
    text += fmt::format("{}\"key{}\":{}", i == 0 ? "" : ",", i, i);
  }
  const Json value = parse_json(text + "}", "x.json");
  EXPECT_EQ(value.size(), static_cast<size_t>(kKeys));
  EXPECT_EQ(value.back(), kKeys - 1);
}

TEST(Json, RefusesDeepNesting) {
  const std::string fine(200, '[');
  EXPECT_EQ(message_of(fine + std::string(200, ']')), "");
  const std::string deep(100'000, '[');
  EXPECT_NE(message_of(deep + std::string(100'000, ']')), "");
  EXPECT_NE(message_of(deep), "");
}

TEST(Json, WritesInvalidUtf8AsReplacementCharacter) {
  EXPECT_EQ(to_json_line(Json("a\xFF")), "\"a\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace bantam
