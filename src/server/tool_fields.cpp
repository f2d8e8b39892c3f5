// SPDX-License-Identifier: MIT
#include "server/tool_fields.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "text/json_schema.h"

namespace bantam {

namespace {

ToolDescription read_tool(
    const Json& tool,
    const std::string& path,
    bool flat) {
  JsonFields outer(tool, path + ".");
  const std::string type = outer.required_text("type");
  if (type != "function") {
    outer.refuse(
        "type",
        fmt::format(
            "'{}' is \"{}\", but the only tools here are functions",
            outer.name("type"),
            type));
  }
  const Json* function = flat ? &tool : outer.object("function");
  if (function == nullptr) {
    outer.refuse(
        "function", fmt::format("'{}' is required", outer.name("function")));
  }
  const std::string inner_path = flat ? path : path + ".function";
  JsonFields fields(*function, inner_path + ".");
  ToolDescription out{
      fields.required_text("name"),
      fields.text("description").value_or(""),
      Json(),
      inner_path};
  if (const Json* parameters = fields.object("parameters")) {
    out.parameters = *parameters;
  }
  fields.boolean("strict");
  fields.find("type");
  fields.refuse_others();
  if (!flat) {
    outer.refuse_others();
  }
  return out;
}

ToolChoice read_choice(JsonFields& fields) {
  const Json* given = fields.find("tool_choice");
  if (given == nullptr) {
    return {};
  }
  if (given->is_string()) {
    const std::string word = given->get<std::string>();
    if (word == "auto") {
      return {};
    }
    if (word == "none") {
      return {ToolChoice::Kind::none, ""};
    }
    if (word == "required") {
      return {ToolChoice::Kind::required, ""};
    }
  } else if (given->is_object() && given->value("type", Json()) == "function") {
    const Json inner = given->value("function", Json());
    const Json name = inner.is_object() ? inner.value("name", Json())
                                        : given->value("name", Json());
    if (name.is_string()) {
      return {ToolChoice::Kind::named, name.get<std::string>()};
    }
  }
  fields.refuse(
      "tool_choice",
      "'tool_choice' must be \"auto\", \"none\", \"required\" or "
      "{\"type\": \"function\", \"function\": {\"name\": ...}}");
}

Json parameters_of(const ToolDescription& tool) {
  return tool.parameters.is_null()
      ? Json{{"type", "object"}, {"properties", Json::object()}}
      : tool.parameters;
}

// The schema of one call's JSON.
Json call_schema(const ToolDescription& tool) {
  return {
      {"type", "object"},
      {"properties",
       {{"name", {{"const", tool.name}}}, {"arguments", parameters_of(tool)}}},
      {"required", {"name", "arguments"}},
      {"additionalProperties", false}};
}

// Definitions that a schema refers to by "#/$defs" have to be at the root.
void lift_definitions(Json& call, Json& root) {
  Json& parameters = call["properties"]["arguments"];
  for (const char* key : {"$defs", "definitions"}) {
    if (parameters.contains(key)) {
      for (const auto& [name, value] : parameters[key].items()) {
        if (root[key].contains(name) && root[key][name] != value) {
          fail(
              ErrorCode::invalid_request,
              "two tools define \"{}\" differently",
              name);
        }
        root[key][name] = value;
      }
    }
  }
}

std::string forced_schema(
    const std::vector<ToolDescription>& tools,
    const ToolChoice& choice) {
  Json root = {{"anyOf", Json::array()}};
  for (const ToolDescription& tool : tools) {
    if (choice.kind == ToolChoice::Kind::named && tool.name != choice.name) {
      continue;
    }
    Json schema = call_schema(tool);
    try {
      if (to_json_line(tool.parameters).find("\"#\"") != std::string::npos) {
        fail(
            ErrorCode::invalid_request,
            "\"$ref\" to \"#\" is not supported in a tool");
      }
      Json alone = schema;
      lift_definitions(schema, alone);
      compile_json_schema(alone);
      lift_definitions(schema, root);
    } catch (const Error& error) {
      throw bad_field(
          tool.field + ".parameters",
          fmt::format(
              "'{}.parameters' cannot be honoured when the call is required: "
              "{}",
              tool.field,
              error.what()))
          .with_code("unsupported_schema");
    }
    root["anyOf"].push_back(std::move(schema));
  }
  return to_json_line(root);
}

Json template_tools(const std::vector<ToolDescription>& tools) {
  Json list = Json::array();
  for (const ToolDescription& tool : tools) {
    Json function{{"name", tool.name}};
    if (!tool.description.empty()) {
      function["description"] = tool.description;
    }
    function["parameters"] = parameters_of(tool);
    list.push_back({{"type", "function"}, {"function", std::move(function)}});
  }
  return list;
}

void check_names(const std::vector<ToolDescription>& tools) {
  for (size_t i = 0; i < tools.size(); ++i) {
    const std::string& name = tools[i].name;
    const bool sound = !name.empty() && name.size() <= 128 &&
        std::all_of(name.begin(), name.end(), [](unsigned char c) {
          return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
        });
    if (!sound) {
      throw bad_field(
          tools[i].field + ".name",
          fmt::format(
              "'{}.name' must have letters, digits, '_', '-' and '.' alone",
              tools[i].field));
    }
    for (size_t j = 0; j < i; ++j) {
      if (tools[j].name == name) {
        throw bad_field(
            tools[i].field + ".name",
            fmt::format("two tools are called '{}'", name));
      }
    }
  }
}

}  // namespace

void use_tools(
    const std::vector<ToolDescription>& tools,
    const ToolChoice& choice,
    const ServedModel& model,
    ApiCall& call,
    Request& request) {
  check_names(tools);
  const bool must = choice.kind == ToolChoice::Kind::required ||
      choice.kind == ToolChoice::Kind::named;
  if (tools.empty()) {
    if (must) {
      throw bad_field("tool_choice", "'tool_choice' needs 'tools'");
    }
    return;
  }
  const auto named = [&](const ToolDescription& tool) {
    return tool.name == choice.name;
  };
  if (choice.kind == ToolChoice::Kind::named &&
      std::none_of(tools.begin(), tools.end(), named)) {
    throw bad_field(
        "tool_choice",
        fmt::format("'tool_choice' names '{}', which is no tool", choice.name));
  }
  // The template shows them in any case: earlier turns may have called some.
  request.tools_json = to_json_line(template_tools(tools));
  if (choice.kind == ToolChoice::Kind::none) {
    return;
  }
  call.form = tool_call_form(model.chat_template);
  if (!call.form) {
    throw bad_field(
        "tools",
        "this model's chat template has no form of tool calls that is "
        "understood here");
  }
  if (!request.json_schema.empty()) {
    throw bad_field(
        "response_format",
        "'response_format' of JSON and tools exclude each other; set "
        "'tool_choice' to \"none\"");
  }
  for (const ToolDescription& tool : tools) {
    call.tools[tool.name] = tool.parameters;
  }
  request.show_special_tokens = !must && needs_special_tokens(*call.form);
  if (must) {
    call.must_call = true;
    request.thinking = false;  // The answer begins with the call.
    request.json_schema = forced_schema(tools, choice);
    request.answer_prefix = forced_call_prefix(*call.form);
  }
}

void read_openai_tools(
    JsonFields& fields,
    bool flat,
    const ServedModel& model,
    ApiCall& call,
    Request& request) {
  std::vector<ToolDescription> tools;
  if (const Json* list = fields.array("tools")) {
    for (size_t i = 0; i < list->size(); ++i) {
      tools.push_back(read_tool((*list)[i], fmt::format("tools[{}]", i), flat));
    }
  }
  const ToolChoice choice = read_choice(fields);
  call.one_call = !fields.boolean("parallel_tool_calls").value_or(true);
  use_tools(tools, choice, model, call, request);
}

}  // namespace bantam
