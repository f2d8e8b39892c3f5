// SPDX-License-Identifier: MIT
// Marks as the templates of released models have them.
#include "text/template_traits.h"

#include <gtest/gtest.h>

namespace bantam {
namespace {

TEST(TemplateTraits, PlainTemplatesHaveNone) {
  const TemplateTraits traits = template_traits(
      "{% for message in messages %}{{ '<|im_start|>' + message['role'] }}");
  EXPECT_FALSE(traits.thinking);
  EXPECT_EQ(traits.thinking_switch, "");
  EXPECT_EQ(traits.tool_calls, "none");
}

TEST(TemplateTraits, ThinkingAndItsSwitch) {
  const TemplateTraits by_flag = template_traits(
      "{%- if enable_thinking is defined and enable_thinking is false %}"
      "{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}");
  EXPECT_TRUE(by_flag.thinking);
  EXPECT_EQ(by_flag.thinking_switch, "enable_thinking");
  const TemplateTraits always =
      template_traits("{{ '<|assistant|><think>\\n' }}");
  EXPECT_TRUE(always.thinking);
  EXPECT_EQ(always.thinking_switch, "");
  const TemplateTraits named = template_traits(
      "{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
      "{{ '</think>' }}");
  EXPECT_EQ(named.thinking_switch, "thinking");
}

TEST(TemplateTraits, FormsOfToolCalls) {
  const auto form = [](const char* source) {
    return template_traits(source).tool_calls;
  };
  EXPECT_EQ(
      form("<tool_call>\\n<function=name>\\n<parameter=p>"),
      "XML in <tool_call>");
  EXPECT_EQ(
      form("<tool_call>\\n{\"name\": <function-name>}"), "JSON in <tool_call>");
  EXPECT_EQ(form("[AVAILABLE_TOOLS] [TOOL_CALLS]"), "JSON after [TOOL_CALLS]");
  EXPECT_EQ(
      form("<tool_call>{name}<arg_key>k</arg_key>"),
      "<arg_key> pairs in <tool_call>");
  EXPECT_EQ(form("{%- if tools %}You have tools{% endif %}"), "JSON");
}

}  // namespace
}  // namespace bantam
