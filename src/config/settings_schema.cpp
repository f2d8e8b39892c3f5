// SPDX-License-Identifier: MIT
#include "config/settings_schema.h"

#include <string>

#include "config/setting_table.h"
#include "config/setting_value.h"

namespace bantam {

namespace {

Json number_schema(const Setting& setting) {
  const bool whole = setting.kind != SettingKind::real;
  Json schema{{"type", whole ? "integer" : "number"}};
  const auto bound = [&](const char* name, double value) {
    if (whole && std::abs(value) < kUnbounded) {
      schema[name] = static_cast<int64_t>(value);
    } else if (std::abs(value) < kUnbounded) {
      schema[name] = value;
    }
  };
  bound("minimum", setting.least);
  bound("maximum", setting.most);
  return schema;
}

Json value_schema(const Setting& setting) {
  switch (setting.kind) {
    case SettingKind::boolean:
      return {{"type", "boolean"}};
    case SettingKind::integer:
    case SettingKind::real:
      return number_schema(setting);
    case SettingKind::seed:
      return {{"type", "integer"}, {"minimum", 0}, {"maximum", ~uint64_t{0}}};
    case SettingKind::size: {
      // Bounds of sizes with a unit are more than a pattern can say.
      Json schema = number_schema(setting);
      schema["type"] = {"integer", "string"};
      schema["pattern"] = "^([0-9]+B?|[0-9.]+[KMGT]i?B)$";
      return schema;
    }
    case SettingKind::choice: {
      Json names = Json::array();
      for (const std::string& name : words_of(setting.choices)) {
        names.push_back(value_json(setting, name));
      }
      return {{"enum", names}};
    }
    case SettingKind::pin:
    case SettingKind::text:
      return {{"type", "string"}};
    case SettingKind::texts:
      return {{"type", "array"}, {"items", {{"type", "string"}}}};
  }
  return {};
}

Json setting_schema(const Setting& setting) {
  Json schema = value_schema(setting);
  schema["description"] = setting.help;
  const SettingValue value = default_value(setting);
  if (!std::holds_alternative<std::monostate>(value)) {
    schema["default"] = value_json(setting, value);
  }
  if (!setting.pending.empty()) {
    schema["$comment"] = setting.pending == "*"
        ? "not available yet: only the default is accepted"
        : fmt::format("not available yet: {}", setting.pending);
  }
  return schema;
}

}  // namespace

Json settings_schema() {
  Json sections = Json::object();
  for (const SettingSection& section : kSettingSections) {
    Json properties = Json::object();
    for (const Setting& setting : kSettings) {
      if (setting.section() == section.name) {
        properties[std::string(setting.name())] = setting_schema(setting);
      }
    }
    sections[std::string(section.name)] = {
        {"description", section.help},
        {"type", {"object", "null"}},
        {"additionalProperties", false},
        {"properties", properties}};
  }
  return {
      {"$schema", "https://json-schema.org/draft/2020-12/schema"},
      {"title", "bantam configuration"},
      {"type", {"object", "null"}},
      {"additionalProperties", false},
      {"properties", sections}};
}

}  // namespace bantam
