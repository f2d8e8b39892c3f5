// SPDX-License-Identifier: MIT
// Renders templates for tools/check_templates.py: reads one JSON object a
// line, {"template": ..., "variables": {...}}, and writes one a line,
// {"output": ...} or {"error": ...}.
#include <iostream>
#include <string>

#include "base/json.h"
#include "text/chat_template.h"

namespace {

bantam::Json render(const bantam::Json& request) {
  try {
    const bantam::ChatTemplate chat_template(
        request.at("template").get_ref<const std::string&>(), "template");
    const bantam::PromptText prompt =
        chat_template.render(request.at("variables"));
    return {{"output", prompt.text}};
  } catch (const bantam::Error& error) {
    return {{"error", error.what()}};
  }
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const bantam::Json request = bantam::parse_json(line, "request");
    std::cout << bantam::to_json_line(render(request)) << std::endl;
  }
  return 0;
}
