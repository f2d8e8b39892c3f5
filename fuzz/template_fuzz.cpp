// SPDX-License-Identifier: MIT
// Any template with any variables either renders or throws bantam::Error,
// within its limits. The input is a template, a zero byte, and a JSON object.
#include <cstdlib>
#include <string_view>

#include "base/json.h"
#include "text/chat_template.h"

namespace {

bool is_sound(const bantam::PromptText& prompt) {
  size_t last = 0;
  bool first = true;
  for (const bantam::ByteRange& range : prompt.input) {
    const bool apart = first || range.begin > last;
    if (!apart || range.begin >= range.end || range.end > prompt.text.size()) {
      return false;
    }
    last = range.end;
    first = false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const size_t cut = std::min(input.find('\0'), size);
  bantam::TemplateLimits limits;
  limits.steps = 20'000;
  limits.bytes = 1 << 20;
  try {
    const bantam::ChatTemplate chat_template(input.substr(0, cut), "fuzz");
    const bantam::Json variables = cut < size
        ? bantam::parse_json(input.substr(cut + 1), "variables")
        : bantam::Json::object();
    if (!is_sound(chat_template.render(variables, limits))) {
      std::abort();
    }
  } catch (const bantam::Error& error) {
    if (error.code() == bantam::ErrorCode::internal) {
      std::abort();
    }
  }
  return 0;
}
