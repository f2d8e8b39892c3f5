// SPDX-License-Identifier: MIT
#include "server/chat_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "server/json_fields.h"

namespace bantam {

namespace {

constexpr std::array<std::string_view, 4> kIgnoredOfMessages{
    "refusal",
    "annotations",
    "audio",
    "weight"};

class MessageReader {
 public:
  explicit MessageReader(std::vector<std::string>& ignored)
      : ignored_(ignored) {}

  Json read(const Json& message, const std::string& path) {
    JsonFields fields(message, path + ".");
    std::string role = fields.required_text("role");
    role = role == "developer" ? "system" : role == "function" ? "tool" : role;
    constexpr std::array<std::string_view, 4> kRoles{
        "system", "user", "assistant", "tool"};
    if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
      fields.refuse(
          "role",
          fmt::format(
              "'{}' is \"{}\", but must be system, developer, user, assistant "
              "or tool",
              fields.name("role"),
              role));
    }
    Json out{{"role", role}};
    const Json* calls =
        role == "assistant" ? fields.array("tool_calls") : nullptr;
    const Json* content = fields.find("content");
    if (content == nullptr && calls == nullptr && role != "assistant") {
      fields.refuse(
          "content", fmt::format("'{}' is required", fields.name("content")));
    }
    out["content"] = content == nullptr
        ? ""
        : content_text(*content, fields.name("content"), {"text"});
    if (const auto name = fields.text("name")) {
      out["name"] = *name;
    }
    if (role == "assistant") {
      for (const char* key : {"reasoning_content", "reasoning"}) {
        if (const auto reasoning = fields.text(key)) {
          out["reasoning_content"] = *reasoning;
        }
      }
    }
    if (calls != nullptr && !calls->empty()) {
      out["tool_calls"] = Json::array();
      for (size_t i = 0; i < calls->size(); ++i) {
        out["tool_calls"].push_back(
            read_call((*calls)[i], fmt::format("{}.tool_calls[{}]", path, i)));
      }
    }
    if (role == "tool") {
      read_answered_call(fields, out);
    }
    fields.ignore(kIgnoredOfMessages, ignored_);
    fields.refuse_others();
    return out;
  }

 private:
  Json read_call(const Json& call, const std::string& path) {
    JsonFields fields(call, path + ".");
    const std::string id = fields.text("id").value_or("");
    const std::string type = fields.text("type").value_or("function");
    const Json* function = fields.object("function");
    if (type != "function" || function == nullptr) {
      fields.refuse(
          "function",
          fmt::format(
              "'{}' must be a call of type function with a 'function'", path));
    }
    fields.integer("index");
    fields.refuse_others();
    JsonFields inner(*function, path + ".function.");
    const std::string name = inner.required_text("name");
    const Json* arguments = inner.find("arguments");
    Json value = Json::object();
    if (arguments != nullptr) {
      value = arguments->is_object()
          ? *arguments
          : call_arguments(inner.required_text("arguments"));
    }
    inner.refuse_others();
    names_[id] = name;
    return {
        {"id", id},
        {"type", "function"},
        {"function", {{"name", name}, {"arguments", std::move(value)}}}};
  }

  // Some templates want the name of the tool, which clients leave out.
  void read_answered_call(JsonFields& fields, Json& out) {
    const std::string id = fields.text("tool_call_id").value_or("");
    if (!id.empty()) {
      out["tool_call_id"] = id;
    }
    const auto known = names_.find(id);
    if (!out.contains("name") && known != names_.end()) {
      out["name"] = known->second;
    }
  }

  std::vector<std::string>& ignored_;
  std::map<std::string, std::string> names_;  // of calls, by their ids
};

}  // namespace

std::string content_text(
    const Json& content,
    const std::string& field,
    const std::vector<std::string>& types) {
  if (content.is_string()) {
    return content.get<std::string>();
  }
  if (!content.is_array()) {
    throw bad_field(
        field,
        fmt::format(
            "'{}' must be a string or a list of parts, not {}",
            field,
            json_type_name(content)));
  }
  std::string text;
  for (size_t i = 0; i < content.size(); ++i) {
    const std::string path = fmt::format("{}[{}].", field, i);
    JsonFields part(content[i], path);
    const std::string type = part.required_text("type");
    if (std::find(types.begin(), types.end(), type) == types.end()) {
      part.refuse(
          "type",
          fmt::format(
              "'{}type' is \"{}\", but this server reads text alone",
              path,
              type));
    }
    text += part.required_text("text");
    part.find("cache_control");
    part.find("annotations");
    part.find("logprobs");
    part.refuse_others();
  }
  return text;
}

Json call_arguments(const std::string& text) {
  try {
    const Json value = parse_json(text.empty() ? "{}" : text, "arguments");
    return value.is_object() ? value : Json(text);
  } catch (const Error&) {
    return text;
  }
}

Json read_chat_messages(
    const Json& messages,
    std::vector<std::string>& ignored) {
  Json out = Json::array();
  if (messages.empty()) {
    throw bad_field("messages", "'messages' is empty");
  }
  MessageReader reader(ignored);
  for (size_t i = 0; i < messages.size(); ++i) {
    out.push_back(reader.read(messages[i], fmt::format("messages[{}]", i)));
  }
  return out;
}

}  // namespace bantam
