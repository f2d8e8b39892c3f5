// SPDX-License-Identifier: MIT
#include "text/template_traits.h"

namespace bantam {

namespace {

struct Mark {
  std::string_view text;
  std::string_view meaning;
};

// Variables that switch thinking, as templates of the families that have one
// call them.
constexpr std::string_view kSwitches[] = {
    "enable_thinking",
    "reasoning_effort",
    "thinking_budget",
    "add_thoughts",
};

constexpr std::string_view kThoughts[] = {
    "<think>",
    "</think>",
    "<|think|>",
    "[THINK]",
    "<|channel|>analysis",
    "<|channel>thought",
    "<thought>",
    "<seed:think>",
    "<|START_THINKING|>",
    "◁think▷",
};

// The first that is found decides, so the particular come before the general.
constexpr Mark kToolMarks[] = {
    {"<function=", "XML in <tool_call>"},
    {"<arg_key>", "<arg_key> pairs in <tool_call>"},
    {"minimax:tool_call", "<invoke> in <minimax:tool_call>"},
    {"<|channel|>commentary", "harmony channels"},
    {"[TOOL_CALLS]", "JSON after [TOOL_CALLS]"},
    {"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁begin｜> blocks"},
    {"<｜DSML｜", "DSML invoke blocks"},
    {"<|tool_calls_section_begin|>", "<|tool_calls_section_begin|> blocks"},
    {"<|START_ACTION|>", "JSON after <|START_ACTION|>"},
    {"<|tool_call_start|>", "Python calls in <|tool_call_start|>"},
    {"<|tool_call>", "call:name{...} in <|tool_call>"},
    {"<start_function_call>", "call:name{...} in <start_function_call>"},
    {"<longcat_tool_call>", "JSON in <longcat_tool_call>"},
    {"<tool_call>", "JSON in <tool_call>"},
    {"<|tool_call|>", "JSON after <|tool_call|>"},
    {"<tool_calls>", "JSON in <tool_calls>"},
    {"<|python_tag|>", "JSON, or Python after <|python_tag|>"},
    {"functools[", "JSON after functools"},
    {"tool_code", "Python in tool_code"},
};

bool has(std::string_view text, std::string_view piece) {
  return text.find(piece) != text.npos;
}

}  // namespace

TemplateTraits template_traits(std::string_view source) {
  TemplateTraits traits;
  for (const std::string_view name : kSwitches) {
    if (has(source, name)) {
      traits.thinking = true;
      traits.thinking_switch = name;
      break;
    }
  }
  for (const std::string_view thought : kThoughts) {
    traits.thinking = traits.thinking || has(source, thought);
  }
  // A template that speaks of thoughts and asks "thinking" switches by that.
  if (traits.thinking && traits.thinking_switch.empty() &&
      (has(source, "thinking is ") || has(source, "if thinking") ||
       has(source, "not thinking"))) {
    traits.thinking_switch = "thinking";
  }
  for (const Mark& mark : kToolMarks) {
    if (has(source, mark.text)) {
      traits.tool_calls = mark.meaning;
      return traits;
    }
  }
  // It lists tools, but leaves the form of calls to the model.
  const bool lists = has(source, "if tools") || has(source, "in tools") ||
      has(source, "tools is ") || has(source, "tool_calls");
  if (lists) {
    traits.tool_calls = "JSON";
  }
  return traits;
}

}  // namespace bantam
