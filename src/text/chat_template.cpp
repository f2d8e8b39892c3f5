// SPDX-License-Identifier: MIT
#include "text/chat_template.h"

#include "text/jinja_interpreter.h"
#include "text/jinja_parser.h"

namespace bantam {

struct ChatTemplate::Program {
  std::unique_ptr<const jinja::Template> parsed;
};

ChatTemplate::ChatTemplate(
    std::string_view source_text,
    const std::string& source)
    : program_(std::make_unique<Program>()) {
  program_->parsed = jinja::parse_template(source_text, source);
}

ChatTemplate::~ChatTemplate() = default;
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;

PromptText ChatTemplate::render(
    const Json& variables,
    const TemplateLimits& limits) const {
  if (!variables.is_object()) {
    fail(
        ErrorCode::invalid_request,
        "the variables of a chat template must be a JSON object");
  }
  jinja::Interpreter interpreter(*program_->parsed, variables, limits);
  jinja::Text text = interpreter.render();
  return {std::move(text.bytes), std::move(text.input)};
}

bool ChatTemplate::uses(std::string_view variable) const {
  return program_->parsed->reads.count(std::string(variable)) > 0;
}

}  // namespace bantam
