// SPDX-License-Identifier: MIT
// The channels of gpt-oss: each message of the answer says before <|message|>
// what it is.
//   <|channel|>analysis<|message|>thoughts<|end|><|start|>assistant
//   <|channel|>commentary to=functions.NAME <|constrain|>json<|message|>{...}
//   <|channel|>final<|message|>text
#include <array>
#include <optional>

#include "text/harmony_marks.h"
#include "text/tool_call_forms.h"
#include "text/tool_call_text.h"

namespace bantam {

namespace {

constexpr std::string_view kRecipient = "to=functions.";
// Each ends a message's body.
constexpr std::array<std::string_view, 5> kEnds{
    "<|end|>",
    "<|call|>",
    "<|return|>",
    "<|start|>",
    "<|channel|>"};

class HarmonyCallParser final : public ToolCallParser {
 public:
  HarmonyCallParser(ToolSchemas tools, ToolCallSink sink)
      : tools_(std::move(tools)), sink_(std::move(sink)) {}

  void push(std::string_view text) override {
    buffer_ += text;
    while (in_header_ ? read_header() : read_body()) {
    }
  }

  void finish() override {
    if (!in_header_) {
      give_body(buffer_);
      end_body();
    } else if (!buffer_.empty() && buffer_.find("<|") != 0) {
      sink_.text(buffer_);  // The model does not keep to the form.
    }
    buffer_.clear();
  }

 private:
  enum class Kind { text, reasoning, call };

  bool read_header() {
    // Without any mark it is no message of this form.
    if (!buffer_.empty() && buffer_.front() != '<' && first_) {
      first_ = false;
      kind_ = Kind::text;
      in_header_ = false;
      return true;
    }
    const size_t end = buffer_.find(harmony::kMessage);
    if (end == buffer_.npos) {
      return false;
    }
    first_ = false;
    begin_body(buffer_.substr(0, end));
    buffer_.erase(0, end + harmony::kMessage.size());
    in_header_ = false;
    return true;
  }

  void begin_body(const std::string& header) {
    const size_t to = header.find(kRecipient);
    if (to != header.npos) {
      const size_t begin = to + kRecipient.size();
      const size_t end =
          std::min(header.find_first_of(" <\n\t", begin), header.size());
      kind_ = Kind::call;
      call_.emplace(tools_, sink_);
      raw_.clear();
      call_->push(
          "{\"name\": " +
          to_json_line(Json(header.substr(begin, end - begin))) +
          ", \"arguments\": ");
      return;
    }
    const size_t channel = header.find(harmony::kChannel);
    const std::string_view name = channel == header.npos
        ? std::string_view()
        : std::string_view(header).substr(channel + harmony::kChannel.size());
    kind_ = name.starts_with("analysis") ? Kind::reasoning : Kind::text;
  }

  bool read_body() {
    size_t end = buffer_.npos;
    size_t held = 0;
    size_t mark_size = 0;
    for (const std::string_view mark : kEnds) {
      const size_t found = buffer_.find(mark);
      if (found < end) {
        end = found;
        // A mark that begins the next header stays.
        mark_size = mark == harmony::kStart || mark == harmony::kChannel
            ? 0
            : mark.size();
      }
      held = std::max(held, held_length(buffer_, mark));
    }
    const size_t count = end == buffer_.npos ? buffer_.size() - held : end;
    give_body(std::string_view(buffer_).substr(0, count));
    buffer_.erase(0, count);
    if (end == buffer_.npos) {
      return false;
    }
    buffer_.erase(0, mark_size);
    end_body();
    in_header_ = true;
    return true;
  }

  void give_body(std::string_view text) {
    if (text.empty()) {
      return;
    }
    if (kind_ == Kind::call) {
      raw_ += text;
      call_->push(text);
    } else {
      (kind_ == Kind::reasoning ? sink_.reasoning : sink_.text)(text);
    }
  }

  void end_body() {
    if (kind_ != Kind::call) {
      return;
    }
    call_->push("}");
    if (call_->state() == JsonCall::State::complete) {
      ++calls_;
      sink_.end();
    } else {
      malformed_ = true;
      if (call_->has_begun()) {
        sink_.cancel();
      }
      sink_.text(raw_);
    }
    kind_ = Kind::text;
  }

  ToolSchemas tools_;
  ToolCallSink sink_;
  std::string buffer_;
  bool in_header_ = true;
  bool first_ = true;  // nothing has been read yet
  Kind kind_ = Kind::text;
  std::optional<JsonCall> call_;
  std::string raw_;  // the arguments as they came
};

}  // namespace

std::unique_ptr<ToolCallParser> make_harmony_call_parser(
    ToolSchemas tools,
    ToolCallSink sink) {
  return std::make_unique<HarmonyCallParser>(std::move(tools), std::move(sink));
}

}  // namespace bantam
