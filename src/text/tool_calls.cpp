// SPDX-License-Identifier: MIT
// Which form a template teaches, and the form of Llama 3: the whole answer is
// one call or several as bare JSON.
#include "text/tool_calls.h"

#include <algorithm>
#include <optional>

#include "text/template_traits.h"
#include "text/tool_call_forms.h"
#include "text/tool_call_text.h"

namespace bantam {

namespace {

constexpr std::string_view kPythonTag = "<|python_tag|>";

// Bare JSON: `forced` when nothing else can have been written.
class BareCallParser final : public TextBeforeCalls {
 public:
  BareCallParser(ToolSchemas tools, ToolCallSink sink, bool forced)
      : TextBeforeCalls(std::move(tools), std::move(sink)), forced_(forced) {}

  void finish() override {
    if (part_ == Part::json) {
      give_up();
    }
    if (part_ == Part::between) {
      buffer_.clear();
    }
    give_rest();
  }

 private:
  enum class Part { start, json, between, text };

  bool advance() override {
    switch (part_) {
      case Part::start:
        return open();
      case Part::json:
        return read_json();
      case Part::between:
        return read_between();
      case Part::text:
        give_text(buffer_.size());
        return false;
    }
    return false;
  }

  bool open() {
    const size_t first =
        std::min(buffer_.find_first_not_of(" \t\r\n"), buffer_.size());
    const std::string_view rest = std::string_view(buffer_).substr(first);
    if (rest.starts_with(kPythonTag)) {
      raw_ += buffer_.substr(0, first + kPythonTag.size());
      buffer_.erase(0, first + kPythonTag.size());
      tagged_ = true;
      return true;
    }
    if (kPythonTag.starts_with(rest)) {  // perhaps; or nothing but space
      return false;
    }
    if (rest.front() != '{') {
      if (tagged_) {  // Python code is no call that can be passed on
        break_call(raw_, false);
      }
      part_ = Part::text;
      return true;
    }
    json_.emplace(tools_, sink_);
    part_ = Part::json;
    return true;
  }

  bool read_json() {
    const size_t read = json_->push(buffer_);
    raw_.append(buffer_, 0, read);
    buffer_.erase(0, read);
    if (json_->state() == JsonCall::State::broken) {
      give_up();
      return true;
    }
    if (json_->state() == JsonCall::State::open) {
      return false;
    }
    end_call();
    raw_.clear();
    part_ = Part::between;
    return true;
  }

  // Several calls are parted by ";", "," or nothing.
  bool read_between() {
    const size_t next = buffer_.find_first_not_of(" \t\r\n;,");
    if (next == buffer_.npos) {
      return false;
    }
    buffer_.erase(0, next);
    part_ = buffer_.front() == '{' ? Part::start : Part::text;
    return true;
  }

  // JSON that does not even name a tool is an answer in JSON.
  void give_up() {
    const bool was_malformed = malformed_;
    const bool names = raw_.find("\"name\"") != raw_.npos;
    break_call(raw_, json_->has_begun());
    malformed_ = was_malformed || forced_ || tagged_ || names;
    part_ = Part::text;
  }

  const bool forced_;
  bool tagged_ = false;
  Part part_ = Part::start;
  std::string raw_;
  std::optional<JsonCall> json_;
};

struct FormOfTraits {
  std::string_view tool_calls;  // of TemplateTraits
  ToolCallForm form;
};

constexpr FormOfTraits kForms[] = {
    {"XML in <tool_call>", ToolCallForm::tagged},
    {"JSON in <tool_call>", ToolCallForm::tagged},
    {"JSON, or Python after <|python_tag|>", ToolCallForm::bare},
    {"JSON", ToolCallForm::bare},
    {"JSON after [TOOL_CALLS]", ToolCallForm::marked},
    {"harmony channels", ToolCallForm::harmony},
};

}  // namespace

std::optional<ToolCallForm> tool_call_form(std::string_view chat_template) {
  const TemplateTraits traits = template_traits(chat_template);
  for (const FormOfTraits& row : kForms) {
    if (row.tool_calls == traits.tool_calls) {
      return row.form;
    }
  }
  return std::nullopt;
}

bool needs_special_tokens(ToolCallForm form) {
  // The marks of channels are passed on with the calls (text/reasoning.h).
  return form == ToolCallForm::bare || form == ToolCallForm::marked;
}

std::string forced_call_prefix(ToolCallForm form) {
  switch (form) {
    case ToolCallForm::tagged:
      return "<tool_call>\n";
    case ToolCallForm::marked:
      return "[TOOL_CALLS][";
    case ToolCallForm::bare:
    case ToolCallForm::harmony:
      break;
  }
  return "";
}

std::unique_ptr<ToolCallParser> make_tool_call_parser(
    ToolCallForm form,
    ToolSchemas tools,
    ToolCallSink sink) {
  switch (form) {
    case ToolCallForm::tagged:
      return make_tagged_call_parser(std::move(tools), std::move(sink));
    case ToolCallForm::marked:
      return make_marked_call_parser(std::move(tools), std::move(sink));
    case ToolCallForm::harmony:
      return make_harmony_call_parser(std::move(tools), std::move(sink));
    case ToolCallForm::bare:
      break;
  }
  return std::make_unique<BareCallParser>(
      std::move(tools), std::move(sink), false);
}

std::unique_ptr<ToolCallParser> make_forced_call_parser(
    ToolSchemas tools,
    ToolCallSink sink) {
  return std::make_unique<BareCallParser>(
      std::move(tools), std::move(sink), true);
}

}  // namespace bantam
