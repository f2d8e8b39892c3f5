// SPDX-License-Identifier: MIT
// <tool_call>{"name": ..., "arguments": ...}</tool_call>, the form of Hermes,
// and the XML in its place that later Qwen models write:
//   <function=NAME>
//   <parameter=KEY>
//   VALUE
//   </parameter>
//   </function>
#include <optional>

#include "base/error.h"
#include "text/tool_call_forms.h"
#include "text/tool_call_text.h"

namespace bantam {

namespace {

constexpr std::string_view kOpen = "<tool_call>";
constexpr std::string_view kClose = "</tool_call>";
constexpr std::string_view kFunction = "<function=";
constexpr std::string_view kFunctionEnd = "</function>";
constexpr std::string_view kParameter = "<parameter=";
constexpr std::string_view kParameterEnd = "</parameter>";

class TaggedCallParser final : public TextBeforeCalls {
 public:
  TaggedCallParser(ToolSchemas tools, ToolCallSink sink)
      : TextBeforeCalls(std::move(tools), std::move(sink)) {}

  void finish() override {
    if (part_ == Part::outside || part_ == Part::close) {
      give_rest();
      return;
    }
    raw_ += buffer_;
    buffer_.clear();
    break_call(raw_, begun_ || (json_ && json_->has_begun()));
    give_rest();
  }

 private:
  enum class Part { outside, open, json, parameters, close };

  bool advance() override {
    switch (part_) {
      case Part::outside:
        return find_call();
      case Part::open:
        return open_call();
      case Part::json:
        return read_json();
      case Part::parameters:
        return read_parameter();
      case Part::close:
        return close_call();
    }
    return false;
  }

  bool find_call() {
    if (!find_mark({kOpen, kFunction})) {
      return false;
    }
    raw_.clear();
    json_.reset();
    begun_ = false;
    if (buffer_.starts_with(kOpen)) {
      take(kOpen.size());
    }
    part_ = Part::open;
    return true;
  }

  bool open_call() {
    take_space();
    if (buffer_.empty()) {
      return false;
    }
    if (buffer_.front() == '{') {
      json_.emplace(tools_, sink_);
      part_ = Part::json;
      return true;
    }
    if (!buffer_.starts_with(kFunction)) {
      return kFunction.starts_with(buffer_) ? false : give_up();
    }
    const size_t end = buffer_.find('>');
    if (end == buffer_.npos) {
      return false;
    }
    const std::string name =
        buffer_.substr(kFunction.size(), end - kFunction.size());
    take(end + 1);
    const auto tool = tools_.find(name);
    if (tool == tools_.end()) {
      return give_up();
    }
    schema_ = tool->second;
    sink_.begin(name);
    sink_.arguments("{");
    begun_ = true;
    has_parameters_ = false;
    part_ = Part::parameters;
    return true;
  }

  bool read_json() {
    take(json_->push(buffer_));
    if (json_->state() == JsonCall::State::broken) {
      return give_up();
    }
    if (json_->state() == JsonCall::State::open) {
      return false;
    }
    end_call();
    part_ = Part::close;
    return true;
  }

  bool read_parameter() {
    take_space();
    if (buffer_.starts_with(kFunctionEnd)) {
      take(kFunctionEnd.size());
      sink_.arguments("}");
      end_call();
      part_ = Part::close;
      return true;
    }
    if (!buffer_.starts_with(kParameter)) {
      return kFunctionEnd.starts_with(buffer_) ||
              kParameter.starts_with(buffer_)
          ? false
          : give_up();
    }
    const size_t key_end = buffer_.find('>');
    const size_t end = buffer_.find(kParameterEnd, searched_);
    if (key_end == buffer_.npos || end == buffer_.npos) {
      searched_ =
          buffer_.size() - std::min(buffer_.size(), kParameterEnd.size());
      return false;
    }
    searched_ = 0;
    if (end < key_end) {
      return give_up();
    }
    const std::string key =
        buffer_.substr(kParameter.size(), key_end - kParameter.size());
    std::string value = buffer_.substr(key_end + 1, end - key_end - 1);
    take(end + kParameterEnd.size());
    // The line breaks around the value are the form's, not the value's.
    if (value.starts_with('\n')) {
      value.erase(0, 1);
    }
    if (value.ends_with('\n')) {
      value.pop_back();
    }
    const bool known = schema_.is_object() && schema_.contains("properties") &&
        schema_["properties"].is_object() &&
        schema_["properties"].contains(key);
    sink_.arguments(
        (has_parameters_ ? ", " : "") + to_json_line(Json(key)) + ": " +
        parameter_json(value, known ? schema_["properties"][key] : Json()));
    has_parameters_ = true;
    return true;
  }

  bool close_call() {
    take_space();
    if (buffer_.starts_with(kClose)) {
      take(kClose.size());
    } else if (kClose.starts_with(buffer_)) {
      return false;
    }
    part_ = Part::outside;
    return true;
  }

  bool give_up() {
    break_call(raw_, begun_ || (json_ && json_->has_begun()));
    part_ = Part::outside;
    return true;
  }

  void take(size_t count) {
    raw_.append(buffer_, 0, count);
    buffer_.erase(0, count);
  }

  void take_space() {
    size_t count = 0;
    while (count < buffer_.size() && is_call_space(buffer_[count])) {
      ++count;
    }
    take(count);
  }

  Part part_ = Part::outside;
  std::string raw_;  // of the call, as far as it was read
  std::optional<JsonCall> json_;
  Json schema_;
  size_t searched_ = 0;  // of the buffer, for the end of a parameter
  bool begun_ = false;
  bool has_parameters_ = false;
};

bool mentions_type(const Json& schema, const char* name) {
  if (!schema.is_object() || !schema.contains("type")) {
    return false;
  }
  const Json& type = schema["type"];
  if (type.is_array()) {
    return std::find(type.begin(), type.end(), name) != type.end();
  }
  return type == name;
}

}  // namespace

std::string parameter_json(const std::string& text, const Json& schema) {
  const bool only_string =
      mentions_type(schema, "string") && !schema["type"].is_array();
  if (!only_string) {
    try {
      const Json value = parse_json(text, "a parameter");
      // In quotes it is a string of JSON, or a string that has quotes.
      if (!value.is_string() || !mentions_type(schema, "string")) {
        return to_json_line(value);
      }
    } catch (const Error&) {
      // Python's words, which some templates print.
      if (text == "True" || text == "False" || text == "None") {
        return text == "True" ? "true" : text == "False" ? "false" : "null";
      }
    }
  }
  return to_json_line(Json(text));
}

std::unique_ptr<ToolCallParser> make_tagged_call_parser(
    ToolSchemas tools,
    ToolCallSink sink) {
  return std::make_unique<TaggedCallParser>(std::move(tools), std::move(sink));
}

}  // namespace bantam
