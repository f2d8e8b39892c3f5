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
      template_(make_chat_template(checkpoint)) {}

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

PromptText ChatPrompt::render(
    const Request& request,
    std::vector<std::string>& notes) const {
  Json variables = variables_;
  variables["messages"] = messages_of(request);
  if (!request.tools_json.empty()) {
    variables["tools"] = parse_json(
        request.tools_json, "the tools", ErrorCode::invalid_request);
    if (!template_->uses("tools")) {
      fail(
          ErrorCode::invalid_request,
          "the request has tools, but {}'s chat template has no place for them",
          source_);
    }
  }
  variables["add_generation_prompt"] = true;
  variables["enable_thinking"] = request.thinking;
  if (request.thinking && !template_->uses("enable_thinking")) {
    notes.emplace_back(
        "--thinking has no effect: this model's template has no such switch");
  }
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

std::vector<TokenId> ChatPrompt::encode(
    const Request& request,
    std::vector<std::string>& notes) const {
  PromptText text;
  EncodeOptions options;
  if (request.use_chat_template && template_) {
    if (request.messages.empty() && request.messages_json.empty()) {
      fail(ErrorCode::invalid_request, "the request has no messages");
    }
    text = render(request, notes);
    // Templates write the tokens that begin a prompt themselves.
    options.add_special = false;
  } else {
    if (request.thinking || !request.template_variables.empty()) {
      fail(
          ErrorCode::invalid_request,
          "--thinking and --chat-template-config need a chat template, and {}",
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
  std::vector<TokenId> ids = tokenizer_.encode(text, options);
  if (ids.empty()) {
    fail(ErrorCode::invalid_request, "the prompt is empty");
  }
  return ids;
}

}  // namespace bantam
