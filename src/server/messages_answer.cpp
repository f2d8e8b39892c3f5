// SPDX-License-Identifier: MIT
// Answers in the form of /v1/messages.
#include "server/messages_api.h"

namespace bantam {

namespace {

std::string stop_reason(const std::string& reason, const Result& result) {
  if (reason == "stop") {
    return result.stop_string.empty() ? "end_turn" : "stop_sequence";
  }
  return reason == "length"    ? "max_tokens"
      : reason == "tool_calls" ? "tool_use"
                               : reason;
}

Json stop_sequence(const Result& result) {
  return result.stop_string.empty() ? Json() : Json(result.stop_string);
}

Json message_json(const std::string& model, int64_t prompt_tokens) {
  return {
      {"id", random_id("msg_")},
      {"type", "message"},
      {"role", "assistant"},
      {"model", model},
      {"content", Json::array()},
      {"stop_reason", nullptr},
      {"stop_sequence", nullptr},
      {"usage",
       {{"input_tokens", prompt_tokens},
        {"cache_creation_input_tokens", 0},
        {"cache_read_input_tokens", 0},
        {"output_tokens", 0}}}};
}

Json tool_use(const AnsweredCall& call, Json input) {
  return {
      {"type", "tool_use"},
      {"id", call.id},
      {"name", call.name},
      {"input", std::move(input)}};
}

class MessagesStream final : public BlockStream {
 public:
  MessagesStream(
      const std::string& model,
      int64_t prompt_tokens,
      EventStream& events)
      : model_(model), prompt_tokens_(prompt_tokens), events_(events) {}

  void begin(size_t) override {
    send("message_start", {{"message", message_json(model_, prompt_tokens_)}});
  }
  void wait() override {
    if (index() >= 0) {
      send("ping", Json::object());
    } else {
      events_.send_sign_of_life();
    }
  }

 private:
  void opened(Block block) override {
    Json content;
    switch (block) {
      case Block::reasoning:
        content = {{"type", "thinking"}, {"thinking", ""}, {"signature", ""}};
        break;
      case Block::call:
        content = tool_use(call(), Json::object());
        break;
      default:
        content = {{"type", "text"}, {"text", ""}};
    }
    send(
        "content_block_start",
        {{"index", index()}, {"content_block", std::move(content)}});
  }

  void delta(Block block, std::string_view piece) override {
    Json change;
    switch (block) {
      case Block::reasoning:
        change = {{"type", "thinking_delta"}, {"thinking", piece}};
        break;
      case Block::call:
        change = {{"type", "input_json_delta"}, {"partial_json", piece}};
        break;
      default:
        change = {{"type", "text_delta"}, {"text", piece}};
    }
    send(
        "content_block_delta",
        {{"index", index()}, {"delta", std::move(change)}});
  }

  void closed(Block) override {
    send("content_block_stop", {{"index", index()}});
  }

  void finish(const std::string& reason, const Result& result) override {
    Json change{
        {"delta",
         {{"stop_reason", stop_reason(reason, result)},
          {"stop_sequence", stop_sequence(result)}}},
        {"usage",
         {{"input_tokens", result.prompt_tokens},
          {"output_tokens", result.completion_tokens()}}}};
    if (Json note = answer_note(result); !note.is_null()) {
      change["bantam"] = std::move(note);
    }
    send("message_delta", std::move(change));
    send("message_stop", Json::object());
  }

  void send(const std::string& type, Json fields) {
    Json event{{"type", type}};
    event.update(fields);
    events_.send(event, type);
  }

  std::string model_;
  int64_t prompt_tokens_;
  EventStream& events_;
};

}  // namespace

Json messages_answer_json(
    const std::string& model,
    const AnsweredChoice& choice) {
  Json message = message_json(model, choice.result.prompt_tokens);
  message["usage"]["output_tokens"] = choice.result.completion_tokens();
  message["stop_reason"] = stop_reason(choice.reason, choice.result);
  message["stop_sequence"] = stop_sequence(choice.result);
  Json& content = message["content"];
  if (!choice.reasoning.empty()) {
    content.push_back(
        {{"type", "thinking"},
         {"thinking", choice.reasoning},
         {"signature", ""}});
  }
  if (!choice.text.empty()) {
    content.push_back({{"type", "text"}, {"text", choice.text}});
  }
  for (const AnsweredCall& call : choice.calls) {
    Json input = Json::parse(call.arguments, nullptr, false);
    content.push_back(
        tool_use(call, input.is_object() ? input : Json::object()));
  }
  if (Json note = answer_note(choice.result); !note.is_null()) {
    message["bantam"] = std::move(note);
  }
  return message;
}

std::unique_ptr<AnswerSink> make_messages_stream(
    const std::string& model,
    int64_t prompt_tokens,
    EventStream& events) {
  return std::make_unique<MessagesStream>(model, prompt_tokens, events);
}

}  // namespace bantam
