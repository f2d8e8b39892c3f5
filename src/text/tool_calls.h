// SPDX-License-Identifier: MIT
// Finds tool calls in an answer as it comes, in the form that the model's chat
// template teaches.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"

namespace bantam {

enum class ToolCallForm {
  tagged,   // <tool_call> around JSON (Hermes) or <function=..> (Qwen XML)
  bare,     // the answer is JSON, after <|python_tag|> or not (Llama 3)
  marked,   // [TOOL_CALLS] before JSON or name[ARGS]{...} (Mistral)
  harmony,  // <|channel|>commentary to=functions.NAME (gpt-oss)
};

/// The form a template teaches; nullopt: it has none that is understood.
std::optional<ToolCallForm> tool_call_form(std::string_view chat_template);

/// Are the marks of this form special tokens, which a text leaves out unless
/// it is asked to show them?
bool needs_special_tokens(ToolCallForm form);

/// The text an answer that must be a call begins with; what follows is a JSON
/// object with "name" and `arguments_key(form)`.
std::string forced_call_prefix(ToolCallForm form);

/// The names of the tools that may be called, and the JSON schema of each one's
/// arguments.
using ToolSchemas = std::map<std::string, Json, std::less<>>;

/// Where the parts of an answer go, in their order.
struct ToolCallSink {
  std::function<void(std::string_view text)> text;
  /// Of reasoning, where the form tells it apart (harmony).
  std::function<void(std::string_view text)> reasoning;
  std::function<void(std::string_view name)> begin;
  /// A piece of the arguments' JSON.
  std::function<void(std::string_view json)> arguments;
  std::function<void()> end;
  /// The call that was begun is none after all; its text follows.
  std::function<void()> cancel;
};

class ToolCallParser {
 public:
  virtual ~ToolCallParser() = default;
  virtual void push(std::string_view text) = 0;
  /// The answer has ended.
  virtual void finish() = 0;

  /// Was there a call that is none: broken JSON, a tool that does not exist?
  /// It was given out as text.
  bool is_malformed() const { return malformed_; }
  int calls() const { return calls_; }

 protected:
  bool malformed_ = false;
  int calls_ = 0;
};

/// `sink`'s functions must all be there.
std::unique_ptr<ToolCallParser> make_tool_call_parser(
    ToolCallForm form,
    ToolSchemas tools,
    ToolCallSink sink);

/// For an answer that forced_call_prefix() began: it is one call's JSON.
std::unique_ptr<ToolCallParser> make_forced_call_parser(
    ToolSchemas tools,
    ToolCallSink sink);

}  // namespace bantam
