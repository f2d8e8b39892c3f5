// SPDX-License-Identifier: MIT
#include "engine/chat_prompt.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/utf8.h"

namespace bantam {

namespace {

constexpr std::array kSpecialTokenKeys{
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token"};

void check_utf8(std::string_view text, std::string_view what) {
  const size_t valid = valid_utf8_prefix(text);
  if (valid != text.size()) {
    fail(
        ErrorCode::invalid_request,
        "{} is not valid UTF-8: byte 0x{:02X} at offset {}",
        what,
        static_cast<unsigned char>(text[valid]),
        valid);
  }
}

// Ids under `key`, a number or a list of numbers, in a configuration object.
void add_ids(
    const Json& config,
    const char* key,
    int64_t vocabulary,
    std::vector<TokenId>& ids) {
  if (!config.is_object() || !config.contains(key)) {
    return;
  }
  const Json& value = config[key];
  const auto add = [&](const Json& id) {
    if (id.is_number_integer() && id.get<int64_t>() >= 0 &&
        id.get<int64_t>() < vocabulary) {
      ids.push_back(static_cast<TokenId>(id.get<int64_t>()));
    }
  };
  if (value.is_array()) {
    std::for_each(value.begin(), value.end(), add);
  } else {
    add(value);
  }
}

// tokenizer_config.json holds a token as its text or as {"content": text}.
std::optional<std::string> token_text(const Json& value) {
  if (value.is_string()) {
    return value.get<std::string>();
  }
  if (value.is_object() && value.contains("content") &&
      value["content"].is_string()) {
    return value["content"].get<std::string>();
  }
  return std::nullopt;
}

}  // namespace

Json default_template_variables(
    const Checkpoint& checkpoint,
    const Tokenizer& tokenizer) {
  Json variables = Json::object();
  variables["tools"] = nullptr;
  variables["documents"] = nullptr;
  if (const auto bos = tokenizer.bos()) {
    variables["bos_token"] = tokenizer.spelling(*bos);
  }
  if (const auto ends = tokenizer.end_tokens(); !ends.empty()) {
    variables["eos_token"] = tokenizer.spelling(ends.front());
  }
  const Json& config = checkpoint.tokenizer_config();
  if (config.is_object()) {
    for (const char* key : kSpecialTokenKeys) {
      if (config.contains(key)) {
        if (const auto text = token_text(config[key])) {
          variables[key] = *text;
        }
      }
    }
  }
  return variables;
}

std::optional<ChatTemplate> make_chat_template(const Checkpoint& checkpoint) {
  const std::optional<std::string> source = checkpoint.chat_template();
  if (!source) {
    return std::nullopt;
  }
  return ChatTemplate(*source, checkpoint.name() + " chat template");
}

std::vector<TokenId> end_tokens_of(
    const Checkpoint& checkpoint,
    const Tokenizer& tokenizer) {
  std::vector<TokenId> ids = tokenizer.end_tokens();
  const int64_t vocabulary = tokenizer.vocabulary_size();
  add_ids(checkpoint.config(), "eos_token_id", vocabulary, ids);
  add_ids(checkpoint.generation_config(), "eos_token_id", vocabulary, ids);
  const Json& config = checkpoint.tokenizer_config();
  if (config.is_object() && config.contains("eos_token")) {
    if (const auto text = token_text(config["eos_token"])) {
      if (const auto id = tokenizer.find(*text)) {
        ids.push_back(*id);
      }
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

ChatPrompt::ChatPrompt(const Checkpoint& checkpoint, const Tokenizer& tokenizer)
    : tokenizer_(tokenizer),
      source_(checkpoint.name()),
      variables_(default_template_variables(checkpoint, tokenizer)),
      template_(make_chat_template(checkpoint)) {
  if (template_) {
    const std::string source = *checkpoint.chat_template();
    traits_ = template_traits(source);
    reasoning_ = reasoning_format(source);
  }
}

Json ChatPrompt::messages_of(const Request& request) {
  if (!request.messages_json.empty()) {
    return parse_json(
        request.messages_json, "the messages", ErrorCode::invalid_request);
  }
  Json messages = Json::array();
  for (const Message& message : request.messages) {
    check_utf8(message.content, "the " + message.role + " message");
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  return messages;
}

// The switch of the template by its own name. Where reasoning cannot be turned
// off, it is turned low.
void ChatPrompt::set_thinking(const Request& request, Json& variables) const {
  const std::string& name = traits_.thinking_switch;
  const bool on = request.thinking;
  variables["enable_thinking"] = on;
  if (name == "thinking" || name == "add_thoughts") {
    variables[name] = on;
  } else if (name == "thinking_budget") {
    variables[name] = on ? request.thinking_budget : 0;
  } else if (name == "reasoning_effort" && reasoning_ && reasoning_->channels) {
    variables[name] = on ? "medium" : "low";
  } else if (name == "reasoning_effort") {
    variables[name] = on ? "high" : "none";
  }
}

void ChatPrompt::note_thinking(
    const Request& request,
    bool inside,
    std::vector<std::string>& notes) const {
  const bool has_switch = !traits_.thinking_switch.empty();
  if (request.thinking && !has_switch && !reasoning_) {
    notes.emplace_back(
        "--thinking has no effect: this model's template has no such switch");
  }
  if (request.thinking_budget >= 0 && !reasoning_) {
    notes.emplace_back(
        "--thinking-budget has no effect: this model's template knows no "
        "reasoning");
  }
  if (!request.thinking && request.thinking_budget < 0 && inside &&
      !has_switch) {
    notes.emplace_back(
        "this model's template always lets it reason; --thinking-budget 0 "
        "closes that at once");
  }
}

PromptText ChatPrompt::render(const Request& request) const {
  Json variables = variables_;
  variables["messages"] = messages_of(request);
  if (!request.tools_json.empty()) {
    variables["tools"] =
        parse_json(request.tools_json, "the tools", ErrorCode::invalid_request);
    if (!template_->uses("tools")) {
      fail(
          ErrorCode::invalid_request,
          "the request has tools, but {}'s chat template has no place for them",
          source_);
    }
  }
  variables["add_generation_prompt"] = true;
  set_thinking(request, variables);
  if (!request.template_variables.empty()) {
    const Json extra = parse_json(
        request.template_variables,
        "--chat-template-config",
        ErrorCode::invalid_request);
    if (!extra.is_object()) {
      fail(
          ErrorCode::invalid_request,
          "--chat-template-config must be a JSON object, such as "
          "'{{\"enable_thinking\": false}}'");
    }
    for (const auto& [key, value] : extra.items()) {
      variables[key] = value;
    }
  }
  return template_->render(variables);
}

EncodedPrompt ChatPrompt::encode(
    const Request& request,
    std::vector<std::string>& notes) const {
  EncodedPrompt prompt;
  PromptText text;
  EncodeOptions options;
  const bool templated = request.use_chat_template && template_;
  if (templated) {
    if (request.messages.empty() && request.messages_json.empty()) {
      fail(ErrorCode::invalid_request, "the request has no messages");
    }
    text = render(request);
    // Templates write the tokens that begin a prompt themselves.
    options.add_special = false;
  } else {
    if (request.thinking || request.thinking_budget >= 0 ||
        !request.template_variables.empty()) {
      fail(
          ErrorCode::invalid_request,
          "--thinking, --thinking-budget and --chat-template-config need a "
          "chat template, and {}",
          template_ ? "--ignore-chat-template leaves it out"
                    : source_ + " has none");
    }
    if (request.use_chat_template) {
      notes.emplace_back(
          source_ + " has no chat template; the prompt is used as it is");
      for (const Json& message : messages_of(request)) {
        text.text += message.value("content", std::string());
      }
    } else {
      text.text = request.prompt;
    }
    check_utf8(text.text, "the prompt");
  }
  check_utf8(request.answer_prefix, "the answer's prefix");
  text.text += request.answer_prefix;
  if (templated) {
    prompt.reasoning = reasoning_;
    prompt.inside_reasoning = reasoning_ && opens_reasoning(text, *reasoning_);
    note_thinking(request, prompt.inside_reasoning, notes);
  }
  prompt.ids = tokenizer_.encode(text, options);
  if (prompt.ids.empty()) {
    fail(ErrorCode::invalid_request, "the prompt is empty");
  }
  return prompt;
}

}  // namespace bantam
