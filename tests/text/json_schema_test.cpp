// SPDX-License-Identifier: MIT
// Which texts a compiled schema lets through.
#include "text/json_schema.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/byte_automaton.h"

namespace bantam {
namespace {

bool matches(const std::string& schema, const std::string& text) {
  const CompiledSchema compiled =
      compile_json_schema(parse_json(schema, "schema"));
  ByteAutomaton automaton(compiled.grammar, compiled.start);
  ByteAutomaton::State state = automaton.start();
  for (size_t i = 0; i < text.size(); ++i) {
    // What was forgotten is found again.
    if (i % 7 == 3) {
      state = automaton.forget(state);
    }
    state = automaton.step(state, static_cast<uint8_t>(text[i]));
    if (state == ByteAutomaton::kDead) {
      return false;
    }
  }
  return automaton.accepts(state);
}

std::string refusal(const std::string& schema) {
  try {
    compile_json_schema(parse_json(schema, "schema"));
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request);
    return error.what();
  }
  return "";
}

struct SchemaCase {
  const char* schema;
  std::vector<std::string> good;
  std::vector<std::string> bad;
};

TEST(JsonSchema, LetsThroughWhatSatisfiesIt) {
  const SchemaCase cases[] = {
      {"{}",
       {"1",
        "-0.5",
        "\"a\"",
        "null",
        "true",
        "[]",
        "{}",
        "[1, {\"a\": [2]}]",
        "\"\\u00e9\\n\"",
        "\"\xc3\xa9\"",
        "1e5",
        "{\n  \"a\": 1\n}"},
       {"",
        "01",
        "1.",
        "+1",
        "nul",
        "[1,]",
        "{\"a\"}",
        "{a:1}",
        "\"\x01\"",
        "\"\xff\"",
        "\"\\ud800\"",
        "[1] x",
        "'a'",
        "NaN"}},
      {R"({"type":"object","properties":{"a":{"type":"integer"},
          "b":{"type":"string"}},"required":["b"]})",
       {R"({"b":"x"})", R"({"a":1,"b":"x"})", R"({"a": 1, "b": "x"})"},
       {"{}",
        R"({"a":1})",
        R"({"b":1})",
        R"({"b":"x","c":1})",
        "[]",
        R"({"b":"x",})",
        R"({,"b":"x"})"}},
      {R"({"type":"object","additionalProperties":{"type":"integer"}})",
       {"{}", R"({"x":1,"y":2})"},
       {R"({"x":"1"})"}},
      {R"({"type":"object","properties":{},"additionalProperties":false})",
       {"{}"},
       {R"({"x":1})"}},
      {R"({"type":"array","items":{"type":"boolean"},"minItems":1,
          "maxItems":3})",
       {"[true]", "[true, false,true]"},
       {"[]", "[true,true,true,true]", "[1]"}},
      {R"({"type":"array","items":{"type":"null"},"maxItems":0})",
       {"[]"},
       {"[null]"}},
      {R"({"type":"string","minLength":2,"maxLength":3})",
       {"\"ab\"", "\"abc\"", "\"\xc3\xa9\xe2\x82\xac\"", "\"\\n\\u0041\""},
       {"\"a\"", "\"abcd\"", "\"\xc3\xa9\"", "12"}},
      {R"({"enum":["red",1,null,{"a":[1,2]}]})",
       {"\"red\"", "1", "null"},
       {"\"green\"", "2", "\"re\"", "true"}},
      {R"({"const":"caf\u00e9"})", {"\"caf\xc3\xa9\""}, {"\"cafe\""}},
      {R"({"type":["string","null"]})", {"\"x\"", "null"}, {"1"}},
      {R"({"anyOf":[{"type":"integer"},{"type":"array"}]})",
       {"5", "[\"x\"]"},
       {"5.5", "\"x\""}},
      {R"({"oneOf":[{"type":"integer"},{"type":"string"}]})",
       {"5", "\"x\""},
       {"null"}},
      {R"({"$defs":{"node":{"type":"object","properties":{
          "next":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]}},
          "required":["next"]}},"$ref":"#/$defs/node"})",
       {R"({"next":null})", R"({"next": {"next": {"next":null}}})"},
       {R"({"next":{}})", "{}", R"({"next":{"next":null})"}},
      {R"({"type":"number","minimum":0,"maximum":1})",
       {"0", "1", "0.5", "0.999"},
       {"1.5", "-0.5", "2", "1e5", "-1"}},
      {R"({"type":"number","minimum":-2})",
       {"-2", "-1.5", "0.25", "1000", "-0.5"},
       {"-2.5", "-3", "-3.5"}},
  };
  for (const SchemaCase& one : cases) {
    for (const std::string& text : one.good) {
      EXPECT_TRUE(matches(one.schema, text)) << one.schema << "\n" << text;
    }
    for (const std::string& text : one.bad) {
      EXPECT_FALSE(matches(one.schema, text)) << one.schema << "\n" << text;
    }
  }
}

TEST(JsonSchema, HoldsWholeNumbersToTheirRange) {
  const std::pair<int, int> ranges[] = {
      {0, 0},
      {0, 9},
      {1, 10},
      {7, 123},
      {99, 101},
      {-5, 5},
      {-120, -7},
      {-1, 1000},
      {250, 255}};
  for (const auto& [least, most] : ranges) {
    const std::string schema = R"({"type":"integer","minimum":)" +
        std::to_string(least) + ",\"maximum\":" + std::to_string(most) + "}";
    for (int value = -130; value <= 1100; ++value) {
      EXPECT_EQ(
          matches(schema, std::to_string(value)),
          value >= least && value <= most)
          << schema << " " << value;
    }
  }
  EXPECT_TRUE(matches(R"({"type":"integer","exclusiveMinimum":4})", "5"));
  EXPECT_FALSE(matches(R"({"type":"integer","exclusiveMinimum":4})", "4"));
  EXPECT_TRUE(matches(R"({"type":"integer"})", "-123456789012345"));
  EXPECT_FALSE(matches(R"({"type":"integer"})", "1.0"));
}

TEST(JsonSchema, RefusesWhatItCannotHonour) {
  for (const char* schema :
       {R"({"type":"string","pattern":"a"})",
        R"({"type":"string","format":"email"})",
        R"({"type":"number","multipleOf":3})",
        R"({"type":"number","minimum":0.5})",
        R"({"type":"number","exclusiveMinimum":1})",
        R"({"not":{"type":"string"}})",
        R"({"type":"array","uniqueItems":true})",
        R"({"type":"object","patternProperties":{}})",
        R"({"type":"object","minProperties":1})",
        R"({"type":"thing"})",
        R"({"type":[]})",
        R"({"type":5})",
        R"({"enum":[]})",
        R"({"enum":5})",
        R"({"enum":["a"],"type":"integer"})",
        R"({"anyOf":[]})",
        R"({"anyOf":5})",
        R"({"allOf":[{},{}]})",
        R"({"oneOf":[{"type":"integer"},{"type":"number"}]})",
        R"({"oneOf":[{"type":"object"},{"type":"object"}]})",
        R"({"$ref":"#/$defs/none"})",
        R"({"$ref":"http://example.com"})",
        R"({"$ref":5})",
        R"({"$ref":"#"})",
        R"({"anyOf":[{"$ref":"#"},{"type":"null"}]})",
        R"({"type":"integer","minimum":5,"maximum":4})",
        R"({"type":"string","minLength":5,"maxLength":4})",
        R"({"type":"string","maxLength":100000})",
        R"({"type":"string","minLength":-1})",
        R"({"type":"object","properties":5})",
        R"({"type":"object","properties":{"a":5}})",
        R"({"type":"object","required":"a"})",
        R"({"type":"object","required":["a"],"additionalProperties":false})",
        R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})",
        "false",
        "5",
        "[]"}) {
    EXPECT_NE(refusal(schema), "") << schema;
  }
  EXPECT_NE(
      refusal(R"({"properties":{"a":{"items":{"pattern":"x"}}}})")
          .find("#/properties/a"),
      std::string::npos);
}

TEST(JsonSchema, TellsAlternativesOfOneOfApartByAConstant) {
  const std::string schema = R"({"oneOf":[
    {"type":"object","properties":{"kind":{"const":"cat"},
     "lives":{"type":"integer"}},"required":["kind"]},
    {"type":"object","properties":{"kind":{"const":"dog"}},
     "required":["kind"]}]})";
  EXPECT_TRUE(matches(schema, R"({"kind":"cat","lives":9})"));
  EXPECT_TRUE(matches(schema, R"({"kind":"dog"})"));
  EXPECT_FALSE(matches(schema, R"({"kind":"dog","lives":9})"));
}

TEST(JsonSchema, RefusesASchemaThatIsTooLarge) {
  std::string schema = R"({"type":"string","maxLength":4096})";
  for (int i = 0; i < 2; ++i) {
    schema = R"({"type":"array","minItems":4000,"items":)" + schema + "}";
  }
  // Rules are shared, so this one is not.
  EXPECT_EQ(refusal(schema), "");
  std::string wide = R"({"type":"object","properties":{)";
  for (int i = 0; i < 200; ++i) {
    wide += (i == 0 ? "\"" : ",\"") + std::to_string(i) +
        R"(":{"type":"string","maxLength":4096})";
  }
  EXPECT_NE(refusal(wide + "}}").find("too large"), std::string::npos);
}

}  // namespace
}  // namespace bantam
