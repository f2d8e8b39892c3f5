// SPDX-License-Identifier: MIT
#include "server/chat_call.h"

#include <fmt/format.h>

#include <array>

#include "server/chat_messages.h"
#include "server/tool_fields.h"

namespace bantam {

namespace {

constexpr int64_t kMostChoices = 16;
constexpr int64_t kMostTopLogprobs = 20;
constexpr size_t kMostPrompts = 64;

// What OpenAI's clients send for its own bookkeeping, speed or billing.
constexpr std::array<std::string_view, 10> kIgnoredOfChat{
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "prompt_cache_retention",
    "prediction",
    "cache_prompt",
    "keep_alive"};

// Only the value that changes nothing is taken.
void only(JsonFields& fields, std::string_view key, const Json& value) {
  const Json* given = fields.find(key);
  if (given != nullptr && *given != value) {
    fields.refuse(
        key,
        fmt::format("'{}' is supported as {} alone", key, to_json_line(value)));
  }
}

void refuse_old(JsonFields& fields, std::string_view key, const char* instead) {
  if (fields.has(key)) {
    fields.refuse(
        key, fmt::format("'{}' is not supported; use '{}'", key, instead));
  }
}

void read_streaming(JsonFields& fields, ApiCall& call) {
  call.stream = fields.boolean("stream").value_or(false);
  if (const Json* options = fields.object("stream_options")) {
    if (!call.stream) {
      fields.refuse(
          "stream_options", "'stream_options' needs 'stream' to be true");
    }
    JsonFields inner(*options, "stream_options.");
    call.include_usage = inner.boolean("include_usage").value_or(false);
    inner.boolean("include_obfuscation");
    inner.refuse_others();
  }
}

void read_max_tokens(JsonFields& fields, ApiCall& call) {
  const auto old_name = fields.integer("max_tokens", 1);
  call.max_tokens = fields.integer("max_completion_tokens", 1);
  if (old_name && call.max_tokens && *old_name != *call.max_tokens) {
    fields.refuse(
        "max_tokens",
        "'max_tokens' and 'max_completion_tokens' differ; give one of them");
  }
  call.max_tokens = call.max_tokens ? call.max_tokens : old_name;
}

void read_chat_logprobs(JsonFields& fields, ApiCall& call, Request& request) {
  call.logprobs = fields.boolean("logprobs").value_or(false);
  const auto top = fields.integer("top_logprobs", 0, kMostTopLogprobs);
  if (top && !call.logprobs) {
    fields.refuse("top_logprobs", "'top_logprobs' needs 'logprobs' to be true");
  }
  if (call.logprobs) {
    request.top_logprobs = top.value_or(0);
  }
}

void read_template_variables(JsonFields& fields, Request& request) {
  const Json* variables = fields.object("chat_template_kwargs");
  if (variables == nullptr) {
    return;
  }
  Json all = request.template_variables.empty()
      ? Json::object()
      : Json::parse(request.template_variables);
  for (const auto& [key, value] : variables->items()) {
    if (key == "messages" || key == "tools") {
      fields.refuse(
          "chat_template_kwargs",
          fmt::format("'chat_template_kwargs' must not set '{}'", key));
    }
    all[key] = value;
  }
  request.template_variables = to_json_line(all);
}

}  // namespace

ApiCall read_chat_call(const Json& body, const ServedModel& model) {
  ApiCall call;
  Request request;
  JsonFields fields(body, "");
  read_model(fields, model);
  const Json* messages = fields.array("messages");
  if (messages == nullptr) {
    fields.refuse("messages", "'messages' is required");
  }
  request.messages_json =
      to_json_line(read_chat_messages(*messages, call.ignored));
  request.sampling = read_sampling(fields, model);
  request.stop = read_stop(fields, "stop");
  read_streaming(fields, call);
  read_max_tokens(fields, call);
  call.max_kv_size = read_max_kv_size(fields, model);
  read_chat_logprobs(fields, call, request);
  read_reasoning_effort(
      fields.text("reasoning_effort"), "reasoning_effort", model, request);
  if (const auto budget = fields.integer("thinking_budget", 0)) {
    request.thinking_budget = *budget;
  }
  read_template_variables(fields, request);
  if (const Json* format = fields.object("response_format")) {
    read_format(*format, "response_format", model, request);
  }
  read_openai_tools(fields, false, model, call, request);
  refuse_old(fields, "functions", "tools");
  refuse_old(fields, "function_call", "tool_choice");
  only(fields, "modalities", Json::array({"text"}));
  only(fields, "verbosity", "medium");
  fields.ignore(kIgnoredOfChat, call.ignored);
  const int64_t n = fields.integer("n", 1, kMostChoices).value_or(1);
  fields.refuse_others();
  call.requests = choices_of(request, n);
  return call;
}

namespace {

// A string, a list of strings, a list of token ids, or a list of such lists.
std::vector<Request> read_prompts(JsonFields& fields, const Request& request) {
  const Json* prompt = fields.find("prompt");
  if (prompt == nullptr) {
    fields.refuse("prompt", "'prompt' is required");
  }
  const bool is_one = prompt->is_string() ||
      (prompt->is_array() && !prompt->empty() &&
       prompt->front().is_number_integer());
  const Json list = is_one ? Json::array({*prompt}) : *prompt;
  if (!list.is_array() || list.empty() || list.size() > kMostPrompts) {
    fields.refuse(
        "prompt",
        fmt::format(
            "'prompt' must be a string, a list of token ids, or a list of at "
            "most {} of these",
            kMostPrompts));
  }
  std::vector<Request> requests;
  for (const Json& one : list) {
    Request next = request;
    if (one.is_string()) {
      next.prompt = one.get<std::string>();
    } else {
      for (const Json& id : one.is_array() ? one : Json::array({nullptr})) {
        const bool sound = id.is_number_integer() && id.get<int64_t>() >= 0 &&
            id.get<int64_t>() <= std::numeric_limits<int32_t>::max();
        if (!sound) {
          fields.refuse(
              "prompt", "'prompt' must hold strings or lists of token ids");
        }
        next.prompt_ids.push_back(id.get<int32_t>());
      }
    }
    if (next.prompt.empty() && next.prompt_ids.empty()) {
      fields.refuse("prompt", "'prompt' is empty");
    }
    requests.push_back(std::move(next));
  }
  return requests;
}

}  // namespace

CompletionCall read_completion_call(
    const Json& body,
    const ServedModel& model) {
  CompletionCall out;
  ApiCall& call = out.call;
  Request request;
  request.use_chat_template = false;
  JsonFields fields(body, "");
  read_model(fields, model);
  request.sampling = read_sampling(fields, model);
  request.stop = read_stop(fields, "stop");
  read_streaming(fields, call);
  // The route's own default, which clients rely on.
  call.max_tokens = fields.integer("max_tokens", 1).value_or(16);
  call.max_kv_size = read_max_kv_size(fields, model);
  request.top_logprobs = fields.integer("logprobs", 0, kMostTopLogprobs);
  call.logprobs = request.top_logprobs.has_value();
  if (const Json* format = fields.object("response_format")) {
    read_format(*format, "response_format", model, request);
    request.answer_prefix.clear();
  }
  out.echo = fields.boolean("echo").value_or(false);
  if (out.echo && call.logprobs) {
    fields.refuse("echo", "'echo' together with 'logprobs' is not supported");
  }
  only(fields, "suffix", "");
  fields.ignore(kIgnoredOfChat, call.ignored);
  const int64_t n = fields.integer("n", 1, kMostChoices).value_or(1);
  if (const auto best_of = fields.integer("best_of");
      best_of.value_or(n) != n) {
    fields.refuse("best_of", "'best_of' is supported as the same as 'n' alone");
  }
  const std::vector<Request> prompts = read_prompts(fields, request);
  fields.refuse_others();
  for (const Request& prompt : prompts) {
    for (Request& choice : choices_of(prompt, n)) {
      if (out.echo && !prompt.prompt_ids.empty()) {
        fields.refuse("echo", "'echo' needs a prompt that is text");
      }
      out.prompts.push_back(prompt.prompt);
      call.requests.push_back(std::move(choice));
    }
  }
  return out;
}

}  // namespace bantam
