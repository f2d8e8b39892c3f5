// SPDX-License-Identifier: MIT
// The Jinja dialect that chat templates are written in, rendered as
// transformers does with jinja2 (ImmutableSandboxedEnvironment, trim_blocks,
// lstrip_blocks, loop controls).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "text/prompt_text.h"

namespace bantam {

struct TemplateLimits {
  /// Evaluation steps; a template that takes more is stopped.
  int64_t steps = 20'000'000;
  /// Bytes of text and values alive at once while rendering.
  int64_t bytes = 256 << 20;
};

/// Immutable after construction; render() may be called from any thread.
class ChatTemplate {
 public:
  /// Parses. Throws Error unsupported or invalid_file with
  /// "<source>:<line>:<column>: ...".
  ChatTemplate(std::string_view source_text, const std::string& source);
  ~ChatTemplate();
  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;

  /// `variables` is an object: messages, tools, add_generation_prompt,
  /// bos_token, enable_thinking, ... Strings inside `messages`, `tools` and
  /// `documents` count as input (PromptText::input); other variables and the
  /// template's own words do not. As with transformers, `tools` and
  /// `documents` are none and `add_generation_prompt` is false when left out.
  /// A string `strftime_now` ("2024-07-26 09:30:00") fixes the clock that the
  /// function strftime_now() reads; otherwise it is the local time.
  /// Throws invalid_request with the template's own message when it calls
  /// raise_exception, and with line and column for any other run-time error
  /// or exceeded limit.
  PromptText render(const Json& variables, const TemplateLimits& limits = {})
      const;

  /// Does the template mention this variable (e.g. "enable_thinking")?
  bool uses(std::string_view variable) const;

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

}  // namespace bantam
