// SPDX-License-Identifier: MIT
// The body of POST /v1/responses.
#include <fmt/format.h>

#include <array>
#include <map>

#include "server/chat_messages.h"
#include "server/responses_api.h"
#include "server/tool_fields.h"

namespace bantam {

namespace {

constexpr std::array<std::string_view, 9> kIgnoredOfResponses{
    "metadata",
    "user",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "include",
    "stream_options"};

class InputReader {
 public:
  explicit InputReader(std::vector<std::string>& ignored) : ignored_(ignored) {}

  void instruct(const std::string& text) {
    out_.push_back({{"role", "system"}, {"content", text}});
  }

  void read(const Json& item, const std::string& path) {
    JsonFields fields(item, path + ".");
    const std::string type = fields.text("type").value_or("message");
    fields.find("status");
    if (type == "message") {
      read_message(fields);
    } else if (type == "function_call") {
      read_call(fields);
    } else if (type == "function_call_output") {
      read_output(fields);
    } else if (type == "reasoning") {
      // A template leaves the reasoning of earlier turns out.
      ignored_.push_back(path);
      return;
    } else {
      fields.refuse(
          "type",
          fmt::format(
              "'{}' is \"{}\", but must be message, function_call, "
              "function_call_output or reasoning",
              fields.name("type"),
              type));
    }
    fields.refuse_others();
  }

  Json take() { return std::move(out_); }

 private:
  void read_message(JsonFields& fields) {
    std::string role = fields.required_text("role");
    role = role == "developer" ? "system" : role;
    if (role != "system" && role != "user" && role != "assistant") {
      fields.refuse(
          "role",
          fmt::format(
              "'{}' is \"{}\", but must be user, assistant, system or "
              "developer",
              fields.name("role"),
              role));
    }
    const Json* content = fields.find("content");
    if (content == nullptr) {
      fields.refuse(
          "content", fmt::format("'{}' is required", fields.name("content")));
    }
    fields.find("id");
    fields.find("phase");
    out_.push_back(
        {{"role", role},
         {"content",
          content_text(
              *content,
              fields.name("content"),
              {"input_text", "output_text", "text"})}});
  }

  // Calls that follow one another are one message of the assistant.
  void read_call(JsonFields& fields) {
    const std::string id = fields.required_text("call_id");
    const std::string name = fields.required_text("name");
    const std::string arguments = fields.required_text("arguments");
    fields.find("id");
    names_[id] = name;
    if (out_.empty() || out_.back()["role"] != "assistant") {
      out_.push_back({{"role", "assistant"}, {"content", ""}});
    }
    out_.back()["tool_calls"].push_back(
        {{"id", id},
         {"type", "function"},
         {"function",
          {{"name", name}, {"arguments", call_arguments(arguments)}}}});
  }

  void read_output(JsonFields& fields) {
    const std::string id = fields.required_text("call_id");
    const Json* output = fields.find("output");
    if (output == nullptr) {
      fields.refuse(
          "output", fmt::format("'{}' is required", fields.name("output")));
    }
    fields.find("id");
    Json message{
        {"role", "tool"},
        {"content",
         content_text(
             *output, fields.name("output"), {"input_text", "output_text"})},
        {"tool_call_id", id}};
    if (names_.contains(id)) {
      message["name"] = names_[id];
    }
    out_.push_back(std::move(message));
  }

  Json out_ = Json::array();
  std::map<std::string, std::string> names_;
  std::vector<std::string>& ignored_;
};

Json read_input(JsonFields& fields, ApiCall& call, Json& echo) {
  InputReader reader(call.ignored);
  const auto instructions = fields.text("instructions");
  echo["instructions"] = instructions ? Json(*instructions) : Json();
  if (instructions && !instructions->empty()) {
    reader.instruct(*instructions);
  }
  const Json* input = fields.find("input");
  if (input == nullptr || (!input->is_string() && !input->is_array()) ||
      input->empty()) {
    fields.refuse("input", "'input' is required: a string or a list of items");
  }
  if (input->is_string()) {
    reader.read({{"role", "user"}, {"content", *input}}, "input");
  } else {
    for (size_t i = 0; i < input->size(); ++i) {
      reader.read((*input)[i], fmt::format("input[{}]", i));
    }
  }
  return reader.take();
}

void read_text_options(
    JsonFields& fields,
    const ServedModel& model,
    Request& request,
    Json& echo) {
  echo["text"] = {{"format", {{"type", "text"}}}};
  const Json* text = fields.object("text");
  if (text == nullptr) {
    return;
  }
  JsonFields inner(*text, "text.");
  if (const Json* format = inner.object("format")) {
    read_format(*format, "text.format", model, request);
    echo["text"]["format"] = *format;
  }
  if (inner.text("verbosity").value_or("medium") != "medium") {
    inner.refuse(
        "verbosity", "'text.verbosity' is supported as \"medium\" alone");
  }
  inner.refuse_others();
}

void refuse_state(JsonFields& fields) {
  for (const char* key : {"previous_response_id", "conversation", "prompt"}) {
    if (fields.has(key)) {
      fields.refuse(
          key,
          fmt::format(
              "'{}' is not supported: this server keeps no conversations; send "
              "all items in 'input'",
              key));
    }
  }
  if (fields.boolean("background").value_or(false)) {
    fields.refuse("background", "'background' is not supported");
  }
  if (fields.text("truncation").value_or("disabled") != "disabled") {
    fields.refuse(
        "truncation", "'truncation' is supported as \"disabled\" alone");
  }
  if (fields.integer("top_logprobs").value_or(0) != 0) {
    fields.refuse(
        "top_logprobs",
        "'top_logprobs' is supported by /v1/chat/completions alone");
  }
}

}  // namespace

ResponsesCall read_responses_call(const Json& body, const ServedModel& model) {
  ResponsesCall out;
  ApiCall& call = out.call;
  Json& echo = out.echo;
  Request request;
  JsonFields fields(body, "");
  read_model(fields, model);
  refuse_state(fields);
  request.messages_json = to_json_line(read_input(fields, call, echo));
  request.sampling = read_sampling(fields, model);
  call.stream = fields.boolean("stream").value_or(false);
  call.max_tokens = fields.integer("max_output_tokens", 1);
  call.max_kv_size = read_max_kv_size(fields, model);
  std::optional<std::string> effort;
  if (const Json* reasoning = fields.object("reasoning")) {
    JsonFields inner(*reasoning, "reasoning.");
    effort = inner.text("effort");
    inner.find("summary");
    inner.find("generate_summary");
    inner.refuse_others();
  }
  read_reasoning_effort(effort, "reasoning.effort", model, request);
  read_text_options(fields, model, request, echo);
  const Json* tools = fields.array("tools");
  const Json* choice = fields.find("tool_choice");
  read_openai_tools(fields, true, model, call, request);
  fields.ignore(kIgnoredOfResponses, call.ignored);
  fields.refuse_others();
  echo["max_output_tokens"] = call.max_tokens ? Json(*call.max_tokens) : Json();
  echo["temperature"] = request.sampling.temperature;
  echo["top_p"] = request.sampling.top_p;
  echo["tools"] = tools == nullptr ? Json::array() : *tools;
  echo["tool_choice"] = choice == nullptr ? Json("auto") : *choice;
  echo["parallel_tool_calls"] = !call.one_call;
  echo["reasoning"] = {
      {"effort", effort ? Json(*effort) : Json()}, {"summary", nullptr}};
  echo["previous_response_id"] = nullptr;
  echo["store"] = false;
  echo["truncation"] = "disabled";
  echo["metadata"] = Json::object();
  call.requests = {request};
  return out;
}

}  // namespace bantam
