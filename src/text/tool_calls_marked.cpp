// SPDX-License-Identifier: MIT
// [TOOL_CALLS][{"name": ..., "arguments": {...}}, ...], and the later
// [TOOL_CALLS]NAME[ARGS]{...}: the forms of Mistral.
#include <optional>

#include "text/tool_call_forms.h"
#include "text/tool_call_text.h"

namespace bantam {

namespace {

constexpr std::string_view kMark = "[TOOL_CALLS]";
constexpr std::string_view kArguments = "[ARGS]";
constexpr std::string_view kCallId = "[CALL_ID]";
constexpr size_t kLongestName = 256;

class MarkedCallParser final : public TextBeforeCalls {
 public:
  MarkedCallParser(ToolSchemas tools, ToolCallSink sink)
      : TextBeforeCalls(std::move(tools), std::move(sink)) {}

  void finish() override {
    if (part_ == Part::json || part_ == Part::named ||
        (part_ == Part::open && !in_list_)) {
      raw_ += buffer_;
      buffer_.clear();
      break_call(raw_, json_ && json_->has_begun());
    } else if (part_ == Part::open) {
      buffer_.clear();
    }
    give_rest();
  }

 private:
  enum class Part { outside, open, json, named };

  bool advance() override {
    switch (part_) {
      case Part::outside:
        if (!find_mark({kMark})) {
          return false;
        }
        raw_.clear();
        take(kMark.size());
        in_list_ = false;
        part_ = Part::open;
        return true;
      case Part::open:
        return open_call();
      case Part::json:
        return read_json();
      case Part::named:
        return read_named();
    }
    return false;
  }

  bool open_call() {
    drop_space();
    if (buffer_.empty()) {
      return false;
    }
    const char c = buffer_.front();
    if (in_list_ && (c == ',' || c == ']')) {
      take(1);
      part_ = c == ']' ? Part::outside : Part::open;
      return true;
    }
    if (c == '[' && !in_list_) {
      in_list_ = true;
      take(1);
      return true;
    }
    json_.emplace(tools_, sink_);
    if (c == '{') {
      part_ = Part::json;
      return true;
    }
    if (in_list_) {
      return give_up();
    }
    return open_named();
  }

  // NAME, perhaps [CALL_ID]id, perhaps [ARGS], then the arguments.
  bool open_named() {
    const size_t brace = buffer_.find('{');
    if (brace == buffer_.npos) {
      return buffer_.size() < kLongestName ? false : give_up();
    }
    std::string name = buffer_.substr(0, brace);
    for (const std::string_view mark : {kCallId, kArguments}) {
      name.erase(std::min(name.find(mark), name.size()));
    }
    while (!name.empty() && is_call_space(name.back())) {
      name.pop_back();
    }
    take(brace);
    json_->push("{\"name\": " + to_json_line(Json(name)) + ", \"arguments\": ");
    part_ = Part::named;
    return true;
  }

  bool read_named() {
    for (size_t i = 0; i < buffer_.size(); ++i) {
      json_->push(std::string_view(buffer_).substr(i, 1));
      if (json_->state() == JsonCall::State::broken) {
        take(i + 1);
        return give_up();
      }
      if (json_->has_whole_object()) {
        take(i + 1);
        json_->push("}");
        return json_->state() == JsonCall::State::complete ? end_one()
                                                           : give_up();
      }
    }
    take(buffer_.size());
    return false;
  }

  bool read_json() {
    take(json_->push(buffer_));
    if (json_->state() == JsonCall::State::broken) {
      return give_up();
    }
    return json_->state() == JsonCall::State::complete && end_one();
  }

  bool end_one() {
    end_call();
    raw_.clear();
    part_ = in_list_ ? Part::open : Part::outside;
    return true;
  }

  bool give_up() {
    break_call(raw_, json_->has_begun());
    part_ = Part::outside;
    return true;
  }

  void take(size_t count) {
    raw_.append(buffer_, 0, count);
    buffer_.erase(0, count);
  }

  Part part_ = Part::outside;
  bool in_list_ = false;
  std::string raw_;
  std::optional<JsonCall> json_;
};

}  // namespace

std::unique_ptr<ToolCallParser> make_marked_call_parser(
    ToolSchemas tools,
    ToolCallSink sink) {
  return std::make_unique<MarkedCallParser>(std::move(tools), std::move(sink));
}

}  // namespace bantam
