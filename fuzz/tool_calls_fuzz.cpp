// SPDX-License-Identifier: MIT
// The first byte chooses the form, the rest is an answer. Whole or byte by
// byte, the same calls must come out, and their arguments must be JSON objects.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/tool_calls.h"

namespace {

struct Found {
  std::string text;
  std::vector<std::string> calls;
  bool malformed = false;

  bool operator==(const Found&) const = default;
};

Found parse(char form, std::string_view answer, size_t piece) {
  const bantam::ToolSchemas tools{
      {"f",
       bantam::Json{
           {"type", "object"}, {"properties", {{"a", {{"type", "string"}}}}}}},
      {"g", bantam::Json()}};
  Found found;
  std::string open;  // arguments of the call that has begun
  const bantam::ToolCallSink sink{
      .text = [&](std::string_view text) { found.text += text; },
      .reasoning = [&](std::string_view text) { found.text += text; },
      .begin =
          [&](std::string_view name) {
            if (!tools.contains(name)) {
              std::abort();
            }
            open.clear();
          },
      .arguments = [&](std::string_view json) { open += json; },
      .end =
          [&] {
            const auto value = bantam::Json::parse(open, nullptr, false);
            if (!value.is_object()) {
              std::abort();
            }
            found.calls.push_back(open);
          },
      .cancel = [] {}};
  const auto parser = form == '4'
      ? bantam::make_forced_call_parser(tools, sink)
      : bantam::make_tool_call_parser(
            form == '1'       ? bantam::ToolCallForm::bare
                : form == '2' ? bantam::ToolCallForm::marked
                : form == '3' ? bantam::ToolCallForm::harmony
                              : bantam::ToolCallForm::tagged,
            tools,
            sink);
  for (size_t at = 0; at < answer.size(); at += piece) {
    parser->push(answer.substr(at, piece));
  }
  parser->finish();
  found.malformed = parser->is_malformed();
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty() || text.size() > 20000) {
    return 0;
  }
  const std::string_view answer = text.substr(1);
  const Found whole = parse(text.front(), answer, answer.size() + 1);
  if (!(parse(text.front(), answer, 1) == whole)) {
    std::abort();
  }
  return 0;
}
