// SPDX-License-Identifier: MIT
// The parsers that make_tool_call_parser() chooses from, one for each form.
#pragma once

#include <memory>

#include "text/tool_calls.h"

namespace bantam {

std::unique_ptr<ToolCallParser> make_tagged_call_parser(
    ToolSchemas tools,
    ToolCallSink sink);
std::unique_ptr<ToolCallParser> make_marked_call_parser(
    ToolSchemas tools,
    ToolCallSink sink);
std::unique_ptr<ToolCallParser> make_harmony_call_parser(
    ToolSchemas tools,
    ToolCallSink sink);

/// The JSON of a parameter that was written as plain text, by what its schema
/// says it is.
std::string parameter_json(const std::string& text, const Json& schema);

}  // namespace bantam
