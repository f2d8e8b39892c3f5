// SPDX-License-Identifier: MIT
// Tool calls in the forms that templates teach, however the text is cut.
#include "text/tool_calls.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

const ToolSchemas kTools{
    {"weather", Json::parse(R"({"type":"object","properties":{
       "city":{"type":"string"},"days":{"type":"integer"}}})")},
    {"now", Json()}};

struct Found {
  std::string text;
  std::string reasoning;
  std::vector<std::pair<std::string, std::string>> calls;  // name, arguments
  bool malformed = false;
  int ends = 0;

  bool operator==(const Found&) const = default;
};

void PrintTo(const Found& found, std::ostream* out) {
  *out << "text [" << found.text << "] reasoning [" << found.reasoning
       << "] malformed " << found.malformed;
  for (const auto& [name, arguments] : found.calls) {
    *out << " call " << name << " " << arguments;
  }
}

Found parse(ToolCallForm form, const std::string& answer, size_t piece) {
  Found found;
  const ToolCallSink sink{
      .text = [&](std::string_view text) { found.text += text; },
      .reasoning = [&](std::string_view text) { found.reasoning += text; },
      .begin =
          [&](std::string_view name) { found.calls.emplace_back(name, ""); },
      .arguments =
          [&](std::string_view json) { found.calls.back().second += json; },
      .end = [&] { ++found.ends; },
      .cancel = [&] { found.calls.pop_back(); }};
  const auto parser = make_tool_call_parser(form, kTools, sink);
  for (size_t at = 0; at < answer.size(); at += piece) {
    parser->push(answer.substr(at, piece));
  }
  parser->finish();
  found.malformed = parser->is_malformed();
  EXPECT_EQ(parser->calls(), found.ends);
  EXPECT_EQ(found.calls.size(), static_cast<size_t>(found.ends));
  return found;
}

void expect(ToolCallForm form, const std::string& answer, const Found& wanted) {
  for (const size_t piece : {1, 2, 3, 7, 1000}) {
    Found found = parse(form, answer, piece);
    found.ends = 0;
    EXPECT_EQ(found, wanted) << answer << "\nin pieces of " << piece;
  }
}

TEST(ToolCalls, Hermes) {
  const auto form = ToolCallForm::tagged;
  expect(form, "Just text. 1 < 2 <tool", {.text = "Just text. 1 < 2 <tool"});
  expect(
      form,
      "Ok.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": "
      "\"a}\\\"b\", \"x\": [{}]}}\n</tool_call>\n"
      "<tool_call>{\"arguments\":{}, \"name\":\"now\"}</tool_call>",
      {.text = "Ok.",
       .calls = {
           {"weather", "{\"city\": \"a}\\\"b\", \"x\": [{}]}"},
           {"now", "{}"}}});
  // Arguments in a string, or none.
  expect(
      form,
      R"(<tool_call>{"name":"now","arguments":"{\"a\": 1}"}</tool_call>)",
      {.calls = {{"now", R"({"a":1})"}}});
  expect(
      form,
      R"(<tool_call>{"name":"now"}</tool_call>)",
      {.calls = {{"now", "{}"}}});
  expect(
      form,
      R"(<tool_call>{"name":"now","arguments":{}})",
      {.calls = {{"now", "{}"}}});
}

TEST(ToolCalls, HermesMalformed) {
  const auto form = ToolCallForm::tagged;
  for (const std::string raw :
       {R"(<tool_call>{"name": "nosuch", "arguments": {}}</tool_call>)",
        R"(<tool_call>{"name": "now", "arguments": {]}}</tool_call>)",
        R"(<tool_call>{"name": "now", "arguments": {"a": 1)",
        R"(<tool_call>{"arguments": {}}</tool_call>)",
        R"(<tool_call>{"name": "now", "arguments": 5}</tool_call>)",
        R"(<tool_call>what?</tool_call>)",
        R"(<tool_call>{name: "now"}</tool_call>)"}) {
    expect(form, raw, {.text = raw, .malformed = true});
  }
}

TEST(ToolCalls, QwenXml) {
  const auto form = ToolCallForm::tagged;
  expect(
      form,
      "I look.\n\n<tool_call>\n<function=weather>\n<parameter=city>\nNew "
      "\"York\"\n</parameter>\n<parameter=days>\n3\n</parameter>\n"
      "</function>\n</tool_call>",
      {.text = "I look.",
       .calls = {{"weather", R"({"city": "New \"York\"", "days": 3})"}}});
  expect(
      form,
      "<tool_call>\n<function=weather>\n<parameter=city>\n12\n</parameter>\n"
      "</function>\n</tool_call>",
      {.calls = {{"weather", R"({"city": "12"})"}}});
  expect(form, "<function=now>\n</function>\n", {.calls = {{"now", "{}"}}});
  for (const std::string raw :
       {"<tool_call>\n<function=nosuch>\n</function>\n</tool_call>",
        "<tool_call>\n<function=now>\n<parameter=a>\n1",
        "<tool_call>\n<function=now>\nwhat?</function>"}) {
    expect(form, raw, {.text = raw, .malformed = true});
  }
}

TEST(ToolCalls, Llama) {
  const auto form = ToolCallForm::bare;
  expect(form, "Hello {name}", {.text = "Hello {name}"});
  expect(
      form,
      R"({"name": "weather", "parameters": {"city": "Oslo"}})",
      {.calls = {{"weather", R"({"city": "Oslo"})"}}});
  expect(
      form,
      R"(<|python_tag|>{"type":"function","name": "now", "parameters": {}};)"
      R"( {"name": "now", "parameters": {}})",
      {.calls = {{"now", "{}"}, {"now", "{}"}}});
  // JSON that is no call is an answer.
  expect(form, R"({"colour": "red"})", {.text = R"({"colour": "red"})"});
  expect(
      form,
      R"({"name": "nosuch", "parameters": {}})",
      {.text = R"({"name": "nosuch", "parameters": {}})", .malformed = true});
}

TEST(ToolCalls, Mistral) {
  const auto form = ToolCallForm::marked;
  expect(
      form,
      R"([TOOL_CALLS][{"name": "weather", "arguments": {"city": "Oslo"}}, )"
      R"({"name": "now", "arguments": {}}])",
      {.calls = {{"weather", R"({"city": "Oslo"})"}, {"now", "{}"}}});
  expect(
      form,
      R"(So.[TOOL_CALLS]weather[CALL_ID]abc[ARGS]{"city": "}"})"
      R"([TOOL_CALLS]now[ARGS]{})",
      {.text = "So.",
       .calls = {{"weather", R"({"city": "}"})"}, {"now", "{}"}}});
  for (const std::string raw :
       {R"([TOOL_CALLS]nosuch[ARGS]{})",
        R"([TOOL_CALLS][{"name": "now", "arguments": )",
        R"([TOOL_CALLS]what)"}) {
    EXPECT_TRUE(parse(form, raw, 1).malformed) << raw;
    EXPECT_NE(parse(form, raw, 1).text, "") << raw;
  }
}

TEST(ToolCalls, Harmony) {
  const auto form = ToolCallForm::harmony;
  expect(
      form,
      "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>"
      "commentary to=functions.weather <|constrain|>json<|message|>"
      "{\"city\": \"Oslo\"}",
      {.reasoning = "Hm.", .calls = {{"weather", "{\"city\": \"Oslo\"}"}}});
  expect(
      form,
      "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>"
      "final<|message|>b",
      {.text = "b", .reasoning = "a"});
  expect(form, "plain", {.text = "plain"});
  expect(
      form,
      "<|channel|>commentary to=functions.nosuch<|message|>{}",
      {.text = "{}", .malformed = true});
  expect(
      form,
      "<|channel|>commentary to=functions.now<|message|>{\"a\":",
      {.text = "{\"a\":", .malformed = true});
}

TEST(ToolCalls, TakesTheFormFromTheTemplate) {
  EXPECT_EQ(tool_call_form("x <tool_call> y"), ToolCallForm::tagged);
  EXPECT_EQ(tool_call_form("<tool_call><function="), ToolCallForm::tagged);
  EXPECT_EQ(tool_call_form("<|python_tag|>"), ToolCallForm::bare);
  EXPECT_EQ(tool_call_form("[TOOL_CALLS]"), ToolCallForm::marked);
  EXPECT_EQ(tool_call_form("<|channel|>commentary"), ToolCallForm::harmony);
  EXPECT_EQ(tool_call_form("nothing"), std::nullopt);
}

}  // namespace
}  // namespace bantam
