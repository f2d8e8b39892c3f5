// SPDX-License-Identifier: MIT
// Answers in the form of /v1/responses.
#include "server/responses_api.h"

namespace bantam {

namespace {

Json response_json(
    const std::string& id,
    const std::string& model,
    int64_t created_s,
    const Json& echo) {
  Json response{
      {"id", id},
      {"object", "response"},
      {"created_at", created_s},
      {"status", "in_progress"},
      {"background", false},
      {"error", nullptr},
      {"incomplete_details", nullptr},
      {"model", model},
      {"output", Json::array()},
      {"usage", nullptr}};
  response.update(echo);
  return response;
}

void complete(Json& response, const std::string& reason, const Result& result) {
  const bool cut = reason == "length";
  response["status"] = cut ? "incomplete" : "completed";
  if (cut) {
    response["incomplete_details"] = {{"reason", "max_output_tokens"}};
  }
  const int64_t output = result.completion_tokens();
  response["usage"] = {
      {"input_tokens", result.prompt_tokens},
      {"input_tokens_details", {{"cached_tokens", result.cached_tokens}}},
      {"output_tokens", output},
      {"output_tokens_details",
       {{"reasoning_tokens", result.reasoning_tokens}}},
      {"total_tokens", result.prompt_tokens + output}};
  Json note = answer_note(result);
  if (reason == "malformed_tool_call") {
    note["finish_reason"] = reason;
  }
  if (!note.is_null()) {
    response["bantam"] = std::move(note);
  }
}

Json text_part(const std::string& text) {
  return {
      {"type", "output_text"},
      {"text", text},
      {"annotations", Json::array()},
      {"logprobs", Json::array()}};
}

Json message_item(const std::string& id, const char* status, Json content) {
  return {
      {"type", "message"},
      {"id", id},
      {"status", status},
      {"role", "assistant"},
      {"content", std::move(content)}};
}

Json reasoning_item(const std::string& id, const std::string& text) {
  return {
      {"type", "reasoning"},
      {"id", id},
      {"summary", Json::array()},
      {"content",
       text.empty()
           ? Json::array()
           : Json::array({{{"type", "reasoning_text"}, {"text", text}}})}};
}

Json call_item(
    const std::string& id,
    const char* status,
    const AnsweredCall& call) {
  return {
      {"type", "function_call"},
      {"id", id},
      {"status", status},
      {"call_id", call.id},
      {"name", call.name},
      {"arguments", call.arguments}};
}

// Every event repeats where it belongs: the item's id and its place.
class ResponsesStream final : public BlockStream {
 public:
  ResponsesStream(
      const std::string& model,
      int64_t created_s,
      const Json& echo,
      EventStream& events)
      : response_(response_json(random_id("resp_"), model, created_s, echo)),
        events_(events) {}

  void begin(size_t) override {
    send("response.created", {{"response", response_}});
    send("response.in_progress", {{"response", response_}});
  }
  void wait() override { events_.send_sign_of_life(); }

 private:
  Json place() const {
    return {{"item_id", item_id_}, {"output_index", index()}};
  }
  Json part_place() const {
    Json at = place();
    at["content_index"] = 0;
    return at;
  }

  void opened(Block block) override {
    Json item;
    if (block == Block::call) {
      item_id_ = random_id("fc_");
      item = call_item(item_id_, "in_progress", call());
    } else if (block == Block::reasoning) {
      item_id_ = random_id("rs_");
      item = reasoning_item(item_id_, "");
    } else {
      item_id_ = random_id("msg_");
      item = message_item(item_id_, "in_progress", Json::array());
    }
    send(
        "response.output_item.added",
        {{"output_index", index()}, {"item", std::move(item)}});
    if (block == Block::text) {
      Json event = part_place();
      event["part"] = text_part("");
      send("response.content_part.added", std::move(event));
    }
  }

  void delta(Block block, std::string_view piece) override {
    Json event = block == Block::call ? place() : part_place();
    event["delta"] = piece;
    const char* type = "response.output_text.delta";
    if (block == Block::call) {
      type = "response.function_call_arguments.delta";
    } else if (block == Block::reasoning) {
      type = "response.reasoning_text.delta";
    } else {
      event["logprobs"] = Json::array();
    }
    send(type, std::move(event));
  }

  void closed(Block block) override {
    Json item;
    if (block == Block::call) {
      Json event = place();
      event["name"] = call().name;
      event["arguments"] = call().arguments;
      send("response.function_call_arguments.done", std::move(event));
      item = call_item(item_id_, "completed", call());
    } else {
      Json event = part_place();
      event["text"] = so_far();
      if (block == Block::reasoning) {
        send("response.reasoning_text.done", std::move(event));
        item = reasoning_item(item_id_, so_far());
      } else {
        event["logprobs"] = Json::array();
        send("response.output_text.done", std::move(event));
        Json part = part_place();
        part["part"] = text_part(so_far());
        send("response.content_part.done", std::move(part));
        item = message_item(
            item_id_, "completed", Json::array({text_part(so_far())}));
      }
    }
    send(
        "response.output_item.done",
        {{"output_index", index()}, {"item", item}});
    response_["output"].push_back(std::move(item));
  }

  void finish(const std::string& reason, const Result& result) override {
    complete(response_, reason, result);
    send(
        reason == "length" ? "response.incomplete" : "response.completed",
        {{"response", response_}});
  }

  void send(const std::string& type, Json fields) {
    Json event{{"type", type}, {"sequence_number", sequence_++}};
    event.update(fields);
    events_.send(event, type);
  }

  Json response_;
  EventStream& events_;
  std::string item_id_;
  int64_t sequence_ = 0;
};

}  // namespace

Json responses_answer_json(
    const std::string& model,
    int64_t created_s,
    const Json& echo,
    const AnsweredChoice& choice) {
  Json response = response_json(random_id("resp_"), model, created_s, echo);
  Json& output = response["output"];
  if (!choice.reasoning.empty()) {
    output.push_back(reasoning_item(random_id("rs_"), choice.reasoning));
  }
  if (!choice.text.empty() || choice.calls.empty()) {
    output.push_back(message_item(
        random_id("msg_"),
        choice.reason == "length" ? "incomplete" : "completed",
        Json::array({text_part(choice.text)})));
  }
  for (const AnsweredCall& call : choice.calls) {
    output.push_back(call_item(random_id("fc_"), "completed", call));
  }
  complete(response, choice.reason, choice.result);
  return response;
}

std::unique_ptr<AnswerSink> make_responses_stream(
    const std::string& model,
    int64_t created_s,
    const Json& echo,
    EventStream& events) {
  return std::make_unique<ResponsesStream>(model, created_s, echo, events);
}

}  // namespace bantam
