// SPDX-License-Identifier: MIT
// What goldens cannot show: which bytes count as input, the words of errors,
// the clock, and rendering from several threads.
#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "base/json.h"

namespace bantam {
namespace {

// The rendered text with brackets around what counts as input.
std::string marked(const std::string& words, const Json& variables) {
  const PromptText prompt = ChatTemplate(words, "t").render(variables);
  std::string out;
  size_t at = 0;
  for (const ByteRange& range : prompt.input) {
    out += prompt.text.substr(at, range.begin - at) + "[" +
        prompt.text.substr(range.begin, range.end - range.begin) + "]";
    at = range.end;
  }
  return out + prompt.text.substr(at);
}

Json hello() {
  return {
      {"messages", {{{"role", "user"}, {"content", " Hé,llo-wörld "}}}},
      {"word", "own"}};
}

std::string error_of(const std::string& words, const Json& variables = {}) {
  try {
    const Json object = variables.is_object() ? variables : Json::object();
    return ChatTemplate(words, "t").render(object).text;
  } catch (const Error& error) {
    return std::string(error_kind(error.code()).name) + " " + error.what();
  }
}

TEST(ChatTemplateInput, contents_are_input_and_words_are_not) {
  EXPECT_EQ(
      marked(
          "{% for m in messages %}<{{ m.role }}>{{ m.content }}{{ word }}"
          "{% endfor %}",
          hello()),
      "<[user]>[ Hé,llo-wörld ]own");
}

TEST(ChatTemplateInput, follows_the_bytes_through_operations) {
  const struct {
    const char* expression;
    const char* expected;
  } cases[] = {
      {"'<' + c + '>'", "<[ Hé,llo-wörld ]>"},
      {"'<' ~ c|trim ~ '>'", "<[Hé,llo-wörld]>"},
      {"c.strip()[1:4]", "[é,l]"},
      {"c.strip()[::-1]", "[dlröw-oll,éH]"},
      {"c.split(',')|join('|')", "[ Hé]|[llo-wörld ]"},
      {"c.replace('l', 'L')", "[ Hé,]LL[o-wör]L[d ]"},
      {"c.replace('-', word)", "[ Hé,llo]own[wörld ]"},
      {"c|upper", "[ HÉ,LLO-WÖRLD ]"},
      {"c.title()", "[ Hé,Llo-Wörld ]"},
      {"'ß' ~ c[2] ~ 'ß'|upper", "ß[é]SS"},
      {"'%s=%5s|%.2s' % ('k', c[1], c|trim)", "k=    [H]|[Hé]"},
      {"'{}-{:>3}'.format(c[1], c[2])", "[H]-  [é]"},
      {"c.partition(',')[2]", "[llo-wörld ]"},
      {"c.splitlines()[0]|length", "14"},
      {"(c ~ '\\n' ~ c)|indent(2)", "[ Hé,llo-wörld ]\n  [ Hé,llo-wörld ]"},
      {"c|truncate(7, true, '..', 0)", "[ Hé,l].."},
      {"c|trim|center(15)", "  [Hé,llo-wörld] "},
      {"'a' * 2 ~ c[1] * 2", "aa[HH]"},
      {"[c, word]", "[[' Hé,llo-wörld ', 'own']]"},
      {"messages|tojson",
       "[[{\"role\": \"user\", \"content\": "
       "\" Hé,llo-wörld \"}]]"},
      {"{'a': word}|tojson", "{\"a\": \"own\"}"},
      {"namespace(x=c)", "[<Namespace {'x': ' Hé,llo-wörld '}>]"},
      {"messages[0].keys()|join(',')", "[role],[content]"},
      {"(c|first) ~ (c|list|last) ~ (c.split()|map('upper')|first)",
       "[  HÉ,LLO-WÖRLD]"},
      {"'<b>'|e ~ (c ~ '<')|e", "&lt;b&gt;[ Hé,llo-wörld ]&lt;"},
      {"word", "own"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(
        marked(
            std::string("{% set c = messages[0].content %}{{ ") +
                one.expression + " }}",
            hello()),
        one.expected)
        << one.expression;
  }
}

TEST(ChatTemplateInput, follows_through_macros_blocks_and_namespaces) {
  EXPECT_EQ(
      marked(
          "{% macro m(x) %}({{ x }}){% endmacro %}"
          "{% set ns = namespace(t='') %}"
          "{% for m in messages %}{% set ns.t = ns.t ~ m(1) if false else ns.t"
          " ~ m.role %}{% endfor %}"
          "{% set b %}b{{ messages[0].role }}b{% endset %}"
          "{% filter upper %}f{{ b }}{% endfilter %}{{ m(b) }}{{ ns.t }}",
          hello()),
      "FB[USER]B(b[user]b)[user]");
}

TEST(ChatTemplateInput, tools_and_documents_are_input_others_are_not) {
  EXPECT_EQ(
      marked(
          "{{ tools[0].n }}{{ documents[0] }}{{ other[0] }}{{ bos }}",
          {{"tools", {{{"n", "T"}}}},
           {"documents", {"D"}},
           {"other", {"o"}},
           {"bos", "<s>"}}),
      "[TD]o<s>");
}

TEST(ChatTemplateErrors, say_where_and_what) {
  EXPECT_EQ(
      error_of("a\n {{ x.y }}"), "invalid_request t:2:6: 'x' is undefined");
  EXPECT_EQ(
      error_of("{{ 'a'.nope() }}"),
      "invalid_request t:1:7: 'str object' has no attribute 'nope'");
  EXPECT_EQ(
      error_of("{{ 'a'.uper() }}"),
      "invalid_request t:1:7: 'str object' has no attribute 'uper', did you "
      "mean 'upper'?");
  EXPECT_EQ(
      error_of("\n\n  {{ 1 | trmi }}"),
      "unsupported t:3:10: no filter named 'trmi', did you mean 'trim'?");
  EXPECT_EQ(
      error_of("{{ 1 is strng }}"),
      "unsupported t:1:9: no test named 'strng', did you mean 'string'?");
  EXPECT_EQ(
      error_of("{% fro x in y %}"),
      "unsupported t:1:4: unknown tag 'fro', did you mean 'for'?");
  EXPECT_EQ(
      error_of("{% include 'a' %}"),
      "unsupported t:1:4: tag 'include': a chat template cannot use other "
      "files");
  EXPECT_EQ(
      error_of("{{ 'a' + 1 }}"),
      "invalid_request t:1:4: can only concatenate str (not \"int\") to str");
  EXPECT_EQ(
      error_of("{% if true %}\nx"),
      "invalid_file t:2:2: unexpected end of template, expected '{% endif %}'");
  EXPECT_EQ(
      error_of("{{ (1 }}"), "invalid_file t:1:7: unexpected '}', expected ')'");
}

TEST(ChatTemplateErrors, raise_exception_is_the_templates_own_word) {
  EXPECT_EQ(
      error_of("{{ raise_exception('Roles must ' ~ 'alternate') }}"),
      "invalid_request Roles must alternate");
}

TEST(ChatTemplateErrors, mutation_is_refused) {
  for (const char* words :
       {"{{ [1].append(2) }}",
        "{{ {}.update({}) }}",
        "{{ {'a': 1}.pop('a') }}",
        "{{ ''.__class__.__mro__ }}"}) {
    EXPECT_NE(error_of(words).find("is unsafe"), std::string::npos) << words;
  }
}

TEST(ChatTemplateErrors, invalid_utf8) {
  EXPECT_EQ(
      error_of("a\xff"),
      "invalid_file t: the chat template is not UTF-8 at byte 1");
  EXPECT_EQ(
      error_of("{{ x }}", {{"x", "ab\xc3"}}),
      "invalid_request t:1:4: a variable holds text that is not UTF-8 at byte "
      "2");
}

TEST(ChatTemplate, knows_its_variables) {
  const ChatTemplate chat_template(
      "{% if enable_thinking is defined %}{{ x.y }}{% set z = 1 %}{% endif %}",
      "t");
  EXPECT_TRUE(chat_template.uses("enable_thinking"));
  EXPECT_TRUE(chat_template.uses("x"));
  EXPECT_FALSE(chat_template.uses("y"));
  EXPECT_FALSE(chat_template.uses("z"));
}

TEST(ChatTemplate, defaults_of_transformers) {
  EXPECT_EQ(
      error_of("{{ tools }} {{ documents }} {{ add_generation_prompt }}"),
      "None None False");
  EXPECT_EQ(error_of("{{ tools }}", {{"tools", "x"}}), "x");
}

TEST(ChatTemplate, clock_can_be_fixed) {
  const auto at = [](const char* clock, const char* format) {
    return error_of(
        std::string("{{ strftime_now('") + format + "') }}",
        {{"strftime_now", clock}});
  };
  EXPECT_EQ(at("2024-07-26", "%d %b %Y"), "26 Jul 2024");
  EXPECT_EQ(
      at("2024-02-29 23:59:58", "%j %H:%M:%S %A"), "060 23:59:58 Thursday");
  EXPECT_EQ(at("2021-01-03T00:00:00", "%G-W%V-%u %y"), "2020-W53-7 21");
  EXPECT_EQ(at("1999-12-31", "%-d.%-m. %I%p"), "31.12. 12AM");
  EXPECT_NE(at("2023-02-29", "%Y").find("is no time"), std::string::npos);
  EXPECT_EQ(error_of("{{ strftime_now('%Y')|length }}"), "4");
}

TEST(ChatTemplate, integers_of_64_bits_keep_their_digits) {
  EXPECT_EQ(
      error_of(
          "{{ x }} {{ x|tojson }} {{ y }} {{ x * 2 }}",
          {{"x", 18446744073709551615ull}, {"y", INT64_MIN}}),
      "18446744073709551615 18446744073709551615 -9223372036854775808 "
      "36893488147419103230");
}

TEST(ChatTemplate, renders_from_several_threads) {
  const ChatTemplate chat_template(
      "{% macro m(x) %}<{{ x }}>{% endmacro %}{% for m_ in messages %}"
      "{{ m(m_.content) }}{{ 'constant' | upper }}{% endfor %}",
      "t");
  Json variables{{"messages", Json::array()}};
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    variables["messages"].push_back({{"content", "c"}});
    expected += "<c>CONSTANT";
  }
  std::vector<std::string> results(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& result : results) {
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          result = chat_template.render(variables).text;
        }
      });
    }
  }
  for (const std::string& result : results) {
    EXPECT_EQ(result, expected);
  }
}

}  // namespace
}  // namespace bantam
