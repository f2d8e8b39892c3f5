// SPDX-License-Identifier: MIT
// What a chat template shows of its model: does it think, and how does it
// write tool calls? Judged by marks in the template's text.
#pragma once

#include <string>
#include <string_view>

namespace bantam {

struct TemplateTraits {
  bool thinking = false;
  /// The template variable that turns thinking on and off; "" if there is
  /// none.
  std::string thinking_switch;
  /// "none", "JSON in <tool_call>", "XML in <tool_call>", ...
  std::string tool_calls = "none";
};

TemplateTraits template_traits(std::string_view source);

}  // namespace bantam
