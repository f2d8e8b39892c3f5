// SPDX-License-Identifier: MIT
#include "server/chat_answer.h"

#include <map>

#include "server/logprob_json.h"

namespace bantam {

namespace {

Json call_json(const AnsweredCall& call) {
  return {
      {"id", call.id},
      {"type", "function"},
      {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

Json message_json(const AnsweredChoice& choice) {
  Json message{{"role", "assistant"}};
  // Beside calls, no text is null.
  message["content"] =
      choice.text.empty() && !choice.calls.empty() ? Json() : Json(choice.text);
  message["refusal"] = nullptr;
  if (!choice.reasoning.empty()) {
    message["reasoning_content"] = choice.reasoning;
  }
  if (!choice.calls.empty()) {
    message["tool_calls"] = Json::array();
    for (const AnsweredCall& call : choice.calls) {
      message["tool_calls"].push_back(call_json(call));
    }
  }
  return message;
}

void add_note(const Result& result, Json& object) {
  if (Json note = answer_note(result); !note.is_null()) {
    object["bantam"] = std::move(note);
  }
}

// Chunks of a stream. What was said about tokens waits for the next delta.
class ChatStream final : public AnswerSink {
 public:
  ChatStream(
      const AnswerHead& head,
      EventStream& events,
      bool include_usage,
      bool logprobs,
      Usage& usage)
      : head_(head),
        events_(events),
        include_usage_(include_usage),
        logprobs_(logprobs),
        usage_(usage) {}

  void begin(size_t choice) override {
    calls_[choice] = 0;
    send(choice, {{"role", "assistant"}, {"content", ""}});
  }
  void reasoning(size_t choice, std::string_view text) override {
    send(choice, {{"reasoning_content", text}});
  }
  void text(size_t choice, std::string_view text) override {
    send(choice, {{"content", text}});
  }
  void logprobs(size_t, const std::vector<TokenChoice>& tokens) override {
    rated_.insert(rated_.end(), tokens.begin(), tokens.end());
  }
  void begin_call(size_t choice, const std::string& id, std::string_view name)
      override {
    Json call = call_json({id, std::string(name), ""});
    call["index"] = calls_[choice];
    send(choice, {{"tool_calls", Json::array({call})}});
  }
  void call_arguments(size_t choice, std::string_view json) override {
    const Json call{
        {"index", calls_[choice]}, {"function", {{"arguments", json}}}};
    send(choice, {{"tool_calls", Json::array({call})}});
  }
  void end_call(size_t choice) override { ++calls_[choice]; }
  void cancel_call(size_t choice) override { ++calls_[choice]; }
  void end(size_t choice, const std::string& reason, const Result& result)
      override {
    usage_.add(result);
    Json chunk = chunk_of(choice, Json::object(), reason);
    add_note(result, chunk);
    events_.send(chunk);
  }
  void wait() override { events_.send_sign_of_life(); }

 private:
  void send(size_t choice, Json delta) {
    events_.send(chunk_of(choice, std::move(delta), Json()));
  }

  Json chunk_of(size_t choice, Json delta, const Json& reason) {
    Json one{{"index", choice}, {"delta", std::move(delta)}};
    one["logprobs"] =
        logprobs_ && !rated_.empty() ? chat_logprobs(rated_) : Json();
    rated_.clear();
    one["finish_reason"] = reason;
    Json chunk = head_.json();
    chunk["choices"] = Json::array({std::move(one)});
    if (include_usage_) {
      chunk["usage"] = nullptr;
    }
    return chunk;
  }

  AnswerHead head_;
  EventStream& events_;
  bool include_usage_;
  bool logprobs_;
  Usage& usage_;
  std::map<size_t, int> calls_;  // of each choice, so far
  std::vector<TokenChoice> rated_;
};

class CompletionStream final : public AnswerSink {
 public:
  CompletionStream(
      const AnswerHead& head,
      EventStream& events,
      std::vector<std::string> echoes,
      bool include_usage,
      bool logprobs,
      Usage& usage)
      : head_(head),
        events_(events),
        echoes_(std::move(echoes)),
        include_usage_(include_usage),
        logprobs_(logprobs),
        usage_(usage) {}

  void begin(size_t choice) override {
    offset_ = 0;
    if (choice < echoes_.size()) {
      text(choice, echoes_[choice]);
    }
  }
  void reasoning(size_t choice, std::string_view piece) override {
    text(choice, piece);
  }
  void text(size_t choice, std::string_view text) override {
    events_.send(chunk_of(choice, text, Json()));
  }
  void logprobs(size_t, const std::vector<TokenChoice>& tokens) override {
    rated_.insert(rated_.end(), tokens.begin(), tokens.end());
  }
  void begin_call(size_t, const std::string&, std::string_view) override {}
  void call_arguments(size_t, std::string_view) override {}
  void end_call(size_t) override {}
  void cancel_call(size_t) override {}
  void end(size_t choice, const std::string& reason, const Result& result)
      override {
    usage_.add(result);
    Json chunk = chunk_of(choice, "", reason);
    add_note(result, chunk);
    events_.send(chunk);
  }
  void wait() override { events_.send_sign_of_life(); }

 private:
  Json chunk_of(size_t choice, std::string_view text, const Json& reason) {
    Json one{{"text", text}, {"index", choice}};
    one["logprobs"] = logprobs_ && !rated_.empty()
        ? completion_logprobs(rated_, offset_)
        : Json();
    rated_.clear();
    one["finish_reason"] = reason;
    Json chunk = head_.json();
    chunk["choices"] = Json::array({std::move(one)});
    if (include_usage_) {
      chunk["usage"] = nullptr;
    }
    return chunk;
  }

  AnswerHead head_;
  EventStream& events_;
  std::vector<std::string> echoes_;
  bool include_usage_;
  bool logprobs_;
  Usage& usage_;
  int64_t offset_ = 0;
  std::vector<TokenChoice> rated_;
};

Json usage_of(const std::vector<AnsweredChoice>& choices) {
  Usage usage;
  for (const AnsweredChoice& choice : choices) {
    usage.add(choice.result);
  }
  return usage_json(usage);
}

}  // namespace

Json AnswerHead::json() const {
  return {
      {"id", id},
      {"object", object},
      {"created", created_s},
      {"model", model},
      {"system_fingerprint", "bantam"}};
}

Json usage_json(const Usage& usage) {
  return {
      {"prompt_tokens", usage.prompt_tokens},
      {"completion_tokens", usage.completion_tokens},
      {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
      {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
      {"completion_tokens_details",
       {{"reasoning_tokens", usage.reasoning_tokens}}}};
}

Json usage_chunk(const AnswerHead& head, const Usage& usage) {
  Json chunk = head.json();
  chunk["choices"] = Json::array();
  chunk["usage"] = usage_json(usage);
  return chunk;
}

Json chat_answer_json(
    const AnswerHead& head,
    const std::vector<AnsweredChoice>& choices,
    bool logprobs) {
  Json answer = head.json();
  answer["choices"] = Json::array();
  for (size_t i = 0; i < choices.size(); ++i) {
    answer["choices"].push_back(
        {{"index", i},
         {"message", message_json(choices[i])},
         {"logprobs", logprobs ? chat_logprobs(choices[i].logprobs) : Json()},
         {"finish_reason", choices[i].reason}});
    add_note(choices[i].result, answer);
  }
  answer["usage"] = usage_of(choices);
  return answer;
}

Json completion_answer_json(
    const AnswerHead& head,
    const std::vector<AnsweredChoice>& choices,
    const std::vector<std::string>& echoes,
    bool logprobs) {
  Json answer = head.json();
  answer["choices"] = Json::array();
  for (size_t i = 0; i < choices.size(); ++i) {
    int64_t offset = 0;
    answer["choices"].push_back(
        {{"text", (i < echoes.size() ? echoes[i] : "") + choices[i].text},
         {"index", i},
         {"logprobs",
          logprobs ? completion_logprobs(choices[i].logprobs, offset) : Json()},
         {"finish_reason", choices[i].reason}});
    add_note(choices[i].result, answer);
  }
  answer["usage"] = usage_of(choices);
  return answer;
}

std::unique_ptr<AnswerSink> make_chat_stream(
    const AnswerHead& head,
    EventStream& events,
    bool include_usage,
    bool logprobs,
    Usage& usage) {
  return std::make_unique<ChatStream>(
      head, events, include_usage, logprobs, usage);
}

std::unique_ptr<AnswerSink> make_completion_stream(
    const AnswerHead& head,
    EventStream& events,
    std::vector<std::string> echoes,
    bool include_usage,
    bool logprobs,
    Usage& usage) {
  return std::make_unique<CompletionStream>(
      head, events, std::move(echoes), include_usage, logprobs, usage);
}

}  // namespace bantam
