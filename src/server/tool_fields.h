// SPDX-License-Identifier: MIT
// The tools of a call, and which of them the model has to use.
#pragma once

#include "server/api_call.h"

namespace bantam {

struct ToolChoice {
  enum class Kind { automatic, none, required, named };
  Kind kind = Kind::automatic;
  std::string name;
};

/// One tool as a dialect describes it.
struct ToolDescription {
  std::string name;
  std::string description;
  Json parameters;    // a JSON schema; null: none is given
  std::string field;  // "tools[0].function": to name it in an error
};

/// Lays tools and choice down in `call` and `request`: what the template shows,
/// what the parser looks for, what the answer is held to. Throws ApiError.
void use_tools(
    const std::vector<ToolDescription>& tools,
    const ToolChoice& choice,
    const ServedModel& model,
    ApiCall& call,
    Request& request);

/// `tools`, `tool_choice` and `parallel_tool_calls` in OpenAI's form. With
/// `flat` as in /v1/responses, where a tool's fields stand beside its type.
void read_openai_tools(
    JsonFields& fields,
    bool flat,
    const ServedModel& model,
    ApiCall& call,
    Request& request);

}  // namespace bantam
