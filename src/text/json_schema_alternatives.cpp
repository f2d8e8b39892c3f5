// SPDX-License-Identifier: MIT
#include "text/json_schema_alternatives.h"

#include <algorithm>
#include <string>

namespace bantam {

namespace {

bool is_named(const Json& value, const std::string& type) {
  if (type == "integer") {
    return value.is_number_integer();
  }
  if (type == "number") {
    return value.is_number();
  }
  return (type == "object" && value.is_object()) ||
      (type == "array" && value.is_array()) ||
      (type == "string" && value.is_string()) ||
      (type == "boolean" && value.is_boolean()) ||
      (type == "null" && value.is_null());
}

// The one type of a schema, an integer counted as a number; "": not told.
std::string type_of(const Json& schema) {
  if (!schema.is_object() || !schema.contains("type") ||
      !schema["type"].is_string()) {
    return "";
  }
  const std::string type = schema["type"].get<std::string>();
  return type == "integer" ? "number" : type;
}

// The constants that a required property may have; null: not told.
Json constants(const Json& property) {
  if (!property.is_object()) {
    return nullptr;
  }
  if (property.contains("const")) {
    return Json::array({property["const"]});
  }
  return property.contains("enum") && property["enum"].is_array()
      ? property["enum"]
      : Json();
}

bool have_common(const Json& a, const Json& b) {
  return std::any_of(a.begin(), a.end(), [&](const Json& value) {
    return std::find(b.begin(), b.end(), value) != b.end();
  });
}

bool requires_property(const Json& schema, const std::string& name) {
  return schema.contains("required") && schema["required"].is_array() &&
      std::find(schema["required"].begin(), schema["required"].end(), name) !=
      schema["required"].end();
}

bool differ_by_property(const Json& a, const Json& b) {
  for (const Json* schema : {&a, &b}) {
    if (!schema->is_object() || !schema->contains("properties") ||
        !(*schema)["properties"].is_object()) {
      return false;
    }
  }
  for (const auto& [name, property] : a["properties"].items()) {
    if (!b["properties"].contains(name) || !requires_property(a, name) ||
        !requires_property(b, name)) {
      continue;
    }
    const Json one = constants(property);
    const Json other = constants(b["properties"][name]);
    if (!one.is_null() && !other.is_null() && !have_common(one, other)) {
      return true;
    }
  }
  return false;
}

bool exclude(const Json& a, const Json& b) {
  const std::string one = type_of(a);
  const std::string other = type_of(b);
  if (!one.empty() && !other.empty() && one != other) {
    return true;
  }
  const Json values = constants(a);
  const Json others = constants(b);
  if (!values.is_null() && !others.is_null()) {
    return !have_common(values, others);
  }
  return differ_by_property(a, b);
}

}  // namespace

bool has_type(const Json& value, const Json& type) {
  if (type.is_string()) {
    return is_named(value, type.get<std::string>());
  }
  return std::any_of(type.begin(), type.end(), [&](const Json& name) {
    return name.is_string() && is_named(value, name.get<std::string>());
  });
}

bool restates_type(const Json& schema, const Json& list) {
  return list.is_array() &&
      std::all_of(list.begin(), list.end(), [&](const Json& alternative) {
           return alternative.is_object() && alternative.contains("type") &&
               alternative["type"] == schema["type"];
         });
}

bool exclude_one_another(
    const Json& list,
    const std::function<const Json&(const Json&)>& follow) {
  for (size_t i = 0; i < list.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!exclude(follow(list[i]), follow(list[j]))) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace bantam
