// SPDX-License-Identifier: MIT
#include "text/reasoning.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

const char* const kThinkTemplate = "{{ '<think>' }}{{ '</think>' }}";
const char* const kHarmonyTemplate =
    "{{ '<|start|>assistant<|channel|>analysis<|message|>' }}";

struct ReasoningCase {
  const char* name;
  const char* template_source;
  bool inside;
  std::string text;
  std::string reasoning;
  std::string answer;
};

std::vector<ReasoningCase> cases() {
  const char* const think = kThinkTemplate;
  const char* const harmony = kHarmonyTemplate;
  return {
      {"no format", "", false, "<think>x</think>y", "", "<think>x</think>y"},
      {"plain", think, false, "Hello", "", "Hello"},
      {"plain with space", think, false, " \n Hi \n", "", " \n Hi \n"},
      {"only space", think, false, " \n", "", " \n"},
      {"nothing", think, false, "", "", ""},
      {"both", think, false, "<think>\nwhy\n\n</think>\n\nso ", "why", "so "},
      {"space first", think, false, "\n <think>a</think>b", "a", "b"},
      {"opened by the prompt",
       think,
       true,
       "\nwhy\n</think>\n\nso",
       "why",
       "so"},
      {"empty thought", think, true, "\n\n</think>\n\nso", "", "so"},
      {"never closed", think, true, "why </thin", "why </thin", ""},
      {"never closed, space", think, true, "why  \n", "why", ""},
      {"space within", think, true, "a \n\n b</think>c", "a \n\n b", "c"},
      {"almost a mark", think, true, "a </thin </think>c", "a </thin", "c"},
      {"mark in the answer",
       think,
       false,
       "Use <think>x</think> for it",
       "",
       "Use <think>x</think> for it"},
      {"mark after reasoning",
       think,
       true,
       "a</think>b <think>c</think>",
       "a",
       "b <think>c</think>"},
      {"begins like a mark", think, false, "<thin air", "", "<thin air"},
      {"ends within a mark", think, false, "<thin", "", "<thin"},
      {"other marks", "[THINK]", false, "[THINK]a[/THINK]b", "a", "b"},
      {"gemma",
       "'<|channel>thought'",
       false,
       "<|channel>thought\nwhy\n<channel|>so",
       "why",
       "so"},
      {"harmony",
       harmony,
       false,
       "<|channel|>analysis<|message|>Let me see.<|end|><|start|>assistant"
       "<|channel|>final<|message|>It is 4.",
       "Let me see.",
       "It is 4."},
      {"harmony, final alone",
       harmony,
       false,
       "<|channel|>final<|message|>It is 4.<|return|>",
       "",
       "It is 4."},
      {"harmony, no channel",
       harmony,
       false,
       "<|start|>assistant<|message|>hi<|end|>",
       "",
       "hi"},
      {"harmony without marks", harmony, false, "It is 4.", "", "It is 4."},
      {"harmony, cut in the header",
       harmony,
       false,
       "<|channel|>analysis<|message|>a<|end|><|start|>assis",
       "a",
       ""},
      {"harmony, call of a tool",
       harmony,
       false,
       "<|channel|>analysis<|message|>look<|end|><|start|>assistant<|channel|>"
       "commentary to=functions.f <|constrain|>json<|message|>{\"a\":1}",
       "look",
       "<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>"
       "json<|message|>{\"a\":1}"},
      {"harmony, endless header",
       harmony,
       false,
       "<|channel|>" + std::string(600, 'x') + "<|message|>y",
       "",
       "<|channel|>" + std::string(600, 'x') + "<|message|>y"},
  };
}

AnswerPieces parse(
    const ReasoningCase& c,
    const std::vector<std::string>& parts) {
  ReasoningParser parser(reasoning_format(c.template_source), c.inside);
  AnswerPieces all;
  const auto add = [&](const AnswerPieces& pieces) {
    // An answer never begins before the reasoning has ended.
    EXPECT_TRUE(pieces.reasoning.empty() || all.answer.empty());
    all.reasoning += pieces.reasoning;
    all.answer += pieces.answer;
  };
  for (const std::string& part : parts) {
    add(parser.push(part));
  }
  add(parser.finish());
  return all;
}

TEST(Reasoning, AtEverySplit) {
  for (const ReasoningCase& c : cases()) {
    SCOPED_TRACE(c.name);
    const auto expect = [&](const std::vector<std::string>& parts) {
      const AnswerPieces all = parse(c, parts);
      EXPECT_EQ(all.reasoning, c.reasoning);
      EXPECT_EQ(all.answer, c.answer);
    };
    expect({c.text});
    for (size_t i = 0; i <= c.text.size(); ++i) {
      expect({c.text.substr(0, i), c.text.substr(i)});
    }
    std::vector<std::string> bytes;
    for (const char byte : c.text) {
      bytes.emplace_back(1, byte);
    }
    expect(bytes);
  }
}

TEST(Reasoning, StreamsWhatIsCertain) {
  ReasoningParser parser(reasoning_format(kThinkTemplate), true);
  EXPECT_TRUE(parser.inside());
  EXPECT_EQ(parser.push("one ").reasoning, "one");
  EXPECT_EQ(parser.push("two</").reasoning, " two");
  EXPECT_EQ(parser.push("b>").reasoning, "</b>");
  EXPECT_EQ(parser.push("</think>").reasoning, "");
  EXPECT_FALSE(parser.inside());
  EXPECT_EQ(parser.push("\n\nfour ").answer, "four ");
}

TEST(Reasoning, ThePromptMayOpenIt) {
  const auto think = reasoning_format(kThinkTemplate);
  const auto opens = [&](const std::string& text, size_t input_end) {
    PromptText prompt{.text = text, .input = {}};
    if (input_end > 0) {
      prompt.input.push_back({0, input_end});
    }
    return opens_reasoning(prompt, *think);
  };
  EXPECT_TRUE(opens("Hi<|im_end|>assistant\n<think>\n", 2));
  EXPECT_FALSE(opens("Hi<|im_end|>assistant\n<think>\n\n</think>\n\n", 2));
  EXPECT_FALSE(opens("Hi<|im_end|>assistant\n", 2));
  // A user's <think> opens nothing.
  EXPECT_FALSE(opens("<think>|assistant", 7));
  // An answer's prefix may go on with the thought, or end it.
  EXPECT_TRUE(opens("Hi|<think>\nWell", 2));
  EXPECT_FALSE(opens("Hi|<think>\nWell</think>So", 2));
}

TEST(Reasoning, SpecialTokensThatAreMarks) {
  const ReasoningParser think(reasoning_format(kThinkTemplate), false);
  EXPECT_TRUE(think.is_mark("<think>"));
  EXPECT_TRUE(think.is_mark("</think>"));
  EXPECT_FALSE(think.is_mark("<|im_end|>"));
  EXPECT_FALSE(think.is_mark(""));
  const ReasoningParser harmony(reasoning_format(kHarmonyTemplate), false);
  EXPECT_TRUE(harmony.is_mark("<|channel|>"));
  EXPECT_TRUE(harmony.is_mark("<|end|>"));
  EXPECT_FALSE(harmony.is_mark("<think>"));
  const ReasoningParser none(std::nullopt);
  EXPECT_FALSE(none.is_mark("<think>"));
}

}  // namespace
}  // namespace bantam
