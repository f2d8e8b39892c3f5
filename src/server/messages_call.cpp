// SPDX-License-Identifier: MIT
// The body of POST /v1/messages.
#include <fmt/format.h>

#include <array>
#include <map>

#include "server/chat_messages.h"
#include "server/messages_api.h"
#include "server/tool_fields.h"
#include "text/template_traits.h"

namespace bantam {

namespace {

constexpr std::array<std::string_view, 4> kIgnored{
    "metadata",
    "service_tier",
    "inference_geo",
    "cache_control"};

class BlockReader {
 public:
  explicit BlockReader(Json& out) : out_(out) {}

  void read(const Json& message, const std::string& path) {
    JsonFields fields(message, path + ".");
    const std::string role = fields.required_text("role");
    if (role != "user" && role != "assistant") {
      fields.refuse(
          "role",
          fmt::format(
              "'{}' is \"{}\", but must be user or assistant",
              fields.name("role"),
              role));
    }
    const Json* content = fields.find("content");
    if (content == nullptr) {
      fields.refuse(
          "content", fmt::format("'{}' is required", fields.name("content")));
    }
    fields.refuse_others();
    current_ = {{"role", role}, {"content", ""}};
    if (content->is_string()) {
      current_["content"] = *content;
    } else if (content->is_array()) {
      for (size_t i = 0; i < content->size(); ++i) {
        read_block((*content)[i], role, fmt::format("{}.content[{}]", path, i));
      }
    } else {
      fields.refuse(
          "content",
          fmt::format(
              "'{}' must be a string or a list of blocks",
              fields.name("content")));
    }
    flush();
  }

 private:
  void read_block(
      const Json& block,
      const std::string& role,
      const std::string& path) {
    JsonFields fields(block, path + ".");
    const std::string type = fields.required_text("type");
    fields.find("cache_control");
    if (type == "text") {
      current_["content"].get_ref<std::string&>() +=
          fields.required_text("text");
      fields.find("citations");
    } else if (type == "thinking" && role == "assistant") {
      current_["reasoning_content"] = fields.required_text("thinking");
      fields.find("signature");
    } else if (type == "redacted_thinking" && role == "assistant") {
      fields.find("data");
    } else if (type == "tool_use" && role == "assistant") {
      read_tool_use(fields);
    } else if (type == "tool_result" && role == "user") {
      read_tool_result(fields);
    } else {
      fields.refuse(
          "type",
          fmt::format(
              "'{}' is \"{}\", which is not supported in a message of the {}",
              fields.name("type"),
              type,
              role));
    }
    fields.refuse_others();
  }

  void read_tool_use(JsonFields& fields) {
    const std::string id = fields.required_text("id");
    const std::string name = fields.required_text("name");
    const Json* input = fields.object("input");
    names_[id] = name;
    fields.find("caller");
    current_["tool_calls"].push_back(
        {{"id", id},
         {"type", "function"},
         {"function",
          {{"name", name}, {"arguments", input ? *input : Json::object()}}}});
  }

  // A result is a message of its own to the template; what the user says after
  // it is another.
  void read_tool_result(JsonFields& fields) {
    flush();
    const std::string id = fields.required_text("tool_use_id");
    const Json* content = fields.find("content");
    Json result{
        {"role", "tool"},
        {"content",
         content == nullptr
             ? ""
             : content_text(*content, fields.name("content"), {"text"})},
        {"tool_call_id", id}};
    if (names_.contains(id)) {
      result["name"] = names_[id];
    }
    fields.boolean("is_error");
    out_.push_back(std::move(result));
  }

  void flush() {
    const bool has_text = !current_["content"].get_ref<std::string&>().empty();
    if (has_text || current_.contains("tool_calls") ||
        current_.contains("reasoning_content")) {
      out_.push_back(current_);
    }
    current_ = {{"role", current_["role"]}, {"content", ""}};
  }

  Json& out_;
  Json current_;
  std::map<std::string, std::string> names_;
};

Json read_conversation(JsonFields& fields) {
  Json out = Json::array();
  if (const Json* system = fields.find("system")) {
    const std::string text = content_text(*system, "system", {"text"});
    if (!text.empty()) {
      out.push_back({{"role", "system"}, {"content", text}});
    }
  }
  const Json* messages = fields.array("messages");
  if (messages == nullptr || messages->empty()) {
    fields.refuse("messages", "'messages' is required and must not be empty");
  }
  BlockReader reader(out);
  for (size_t i = 0; i < messages->size(); ++i) {
    reader.read((*messages)[i], fmt::format("messages[{}]", i));
  }
  if (out.empty() || out.back()["role"] == "system") {
    fields.refuse("messages", "'messages' have no content");
  }
  return out;
}

// The answer goes on from the last message, if that is the assistant's.
void take_prefill(Json& conversation, Request& request) {
  Json& last = conversation.back();
  if (last["role"] == "assistant" && !last.contains("tool_calls")) {
    request.answer_prefix = last["content"].get<std::string>();
    conversation.erase(conversation.size() - 1);
  }
}

void read_thinking(
    JsonFields& fields,
    const ServedModel& model,
    Request& request) {
  request.thinking = model.thinking;
  request.thinking_budget = model.thinking_budget;
  const Json* thinking = fields.object("thinking");
  if (thinking == nullptr) {
    return;
  }
  JsonFields inner(*thinking, "thinking.");
  const std::string type = inner.required_text("type");
  const auto budget = inner.integer("budget_tokens", 1);
  inner.find("display");
  inner.refuse_others();
  if (type != "enabled" && type != "disabled" && type != "adaptive") {
    inner.refuse(
        "type", "'thinking.type' must be enabled, adaptive or disabled");
  }
  const bool has_switch =
      !template_traits(model.chat_template).thinking_switch.empty();
  if (type == "enabled" && !has_switch) {
    inner.refuse(
        "type",
        "'thinking.type' is \"enabled\", but this model's template has no "
        "switch for reasoning");
  }
  request.thinking = type != "disabled" && has_switch;
  if (type == "enabled" && budget) {
    request.thinking_budget = *budget;
  }
}

std::vector<ToolDescription> read_tools(JsonFields& fields) {
  std::vector<ToolDescription> tools;
  const Json* list = fields.array("tools");
  for (size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    JsonFields tool((*list)[i], path + ".");
    if (const auto type = tool.text("type");
        type.value_or("custom") != "custom") {
      tool.refuse(
          "type",
          fmt::format(
              "'{}' is \"{}\", but the only tools here are the client's own",
              tool.name("type"),
              *type));
    }
    ToolDescription out{
        tool.required_text("name"),
        tool.text("description").value_or(""),
        Json(),
        path};
    if (const Json* schema = tool.object("input_schema")) {
      out.parameters = *schema;
    }
    for (const char* key :
         {"cache_control",
          "strict",
          "defer_loading",
          "eager_input_streaming",
          "input_examples",
          "allowed_callers"}) {
      tool.find(key);
    }
    tool.refuse_others();
    tools.push_back(std::move(out));
  }
  return tools;
}

ToolChoice read_choice(JsonFields& fields, ApiCall& call) {
  const Json* given = fields.object("tool_choice");
  if (given == nullptr) {
    return {};
  }
  JsonFields inner(*given, "tool_choice.");
  const std::string type = inner.required_text("type");
  call.one_call = inner.boolean("disable_parallel_tool_use").value_or(false);
  ToolChoice choice;
  if (type == "any") {
    choice.kind = ToolChoice::Kind::required;
  } else if (type == "none") {
    choice.kind = ToolChoice::Kind::none;
  } else if (type == "tool") {
    choice = {ToolChoice::Kind::named, inner.required_text("name")};
  } else if (type != "auto") {
    inner.refuse("type", "'tool_choice.type' must be auto, any, tool or none");
  }
  inner.refuse_others();
  return choice;
}

}  // namespace

ApiCall read_messages_call(
    const Json& body,
    const ServedModel& model,
    bool counts_only) {
  ApiCall call;
  Request request;
  JsonFields fields(body, "");
  read_model(fields, model);
  Json conversation = read_conversation(fields);
  take_prefill(conversation, request);
  if (conversation.empty()) {
    fields.refuse("messages", "'messages' must have one of the user");
  }
  request.messages_json = to_json_line(conversation);
  request.sampling = read_sampling(fields, model);
  request.stop = read_stop(fields, "stop_sequences");
  call.stream = fields.boolean("stream").value_or(false);
  call.max_tokens = fields.integer("max_tokens", 1);
  if (!call.max_tokens && !counts_only) {
    fields.refuse("max_tokens", "'max_tokens' is required");
  }
  call.max_kv_size = read_max_kv_size(fields, model);
  read_thinking(fields, model, request);
  if (const Json* output = fields.object("output_config")) {
    JsonFields inner(*output, "output_config.");
    if (const Json* format = inner.object("format")) {
      read_format(*format, "output_config.format", model, request);
    }
    inner.refuse_others();
  }
  const ToolChoice choice = read_choice(fields, call);
  const std::string prefill = request.answer_prefix;
  use_tools(read_tools(fields), choice, model, call, request);
  if (!prefill.empty() && request.answer_prefix != prefill) {
    fields.refuse(
        "messages",
        "a last message of the assistant and a required tool exclude each "
        "other");
  }
  fields.ignore(kIgnored, call.ignored);
  fields.refuse_others();
  call.requests = {request};
  return call;
}

}  // namespace bantam
