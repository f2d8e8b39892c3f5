// SPDX-License-Identifier: MIT
#include "server/json_fields.h"

#include <fmt/format.h>

#include <cmath>

namespace bantam {

std::string json_type_name(const Json& value) {
  if (value.is_object()) {
    return "an object";
  }
  if (value.is_array()) {
    return "a list";
  }
  return value.is_null() ? "null" : std::string("a ") + value.type_name();
}

JsonFields::JsonFields(const Json& object, std::string path)
    : object_(object), path_(std::move(path)) {
  if (!object.is_object()) {
    const std::string field =
        path_.empty() ? "" : path_.substr(0, path_.size() - 1);
    throw bad_field(
        field,
        fmt::format(
            "{} must be a JSON object, not {}",
            field.empty() ? "the body" : "'" + field + "'",
            json_type_name(object)));
  }
}

const Json* JsonFields::find(std::string_view key) {
  known_.emplace(key);
  const auto found = object_.find(std::string(key));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void JsonFields::refuse(std::string_view key, const std::string& message)
    const {
  throw bad_field(name(key), message);
}

void JsonFields::refuse_type(
    std::string_view key,
    const char* wanted,
    const Json& value) const {
  refuse(
      key,
      fmt::format(
          "'{}' must be {}, not {}", name(key), wanted, json_type_name(value)));
}

std::optional<bool> JsonFields::boolean(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_boolean()) {
    refuse_type(key, "true or false", *value);
  }
  return value->get<bool>();
}

std::optional<int64_t> JsonFields::integer(
    std::string_view key,
    int64_t least,
    int64_t most) {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number()) {
    refuse_type(key, "a whole number", *value);
  }
  // 3.0 is a whole number to clients in languages with one kind of number.
  const double real = value->get<double>();
  if (value->is_number_float() &&
      (real != std::floor(real) || std::abs(real) > 9e15)) {
    refuse(key, fmt::format("'{}' must be a whole number", name(key)));
  }
  const bool too_large = value->is_number_unsigned() &&
      value->get<uint64_t>() >
          static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  const int64_t number = value->is_number_float() ? static_cast<int64_t>(real)
                                                  : value->get<int64_t>();
  if (too_large || number < least || number > most) {
    const bool open = most == std::numeric_limits<int64_t>::max();
    refuse(
        key,
        open ? fmt::format(
                   "'{}' is {}, but must be at least {}",
                   name(key),
                   value->dump(),
                   least)
             : fmt::format(
                   "'{}' is {}, but must lie between {} and {}",
                   name(key),
                   value->dump(),
                   least,
                   most));
  }
  return number;
}

std::optional<double> JsonFields::number(
    std::string_view key,
    double least,
    double most) {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number()) {
    refuse_type(key, "a number", *value);
  }
  const double number = value->get<double>();
  if (!(number >= least && number <= most)) {
    refuse(
        key,
        fmt::format(
            "'{}' is {}, but must lie between {} and {}",
            name(key),
            value->dump(),
            least,
            most));
  }
  return number;
}

std::optional<std::string> JsonFields::text(std::string_view key) {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_string()) {
    refuse_type(key, "a string", *value);
  }
  return value->get<std::string>();
}

std::string JsonFields::required_text(std::string_view key) {
  std::optional<std::string> value = text(key);
  if (!value) {
    refuse(key, fmt::format("'{}' is required", name(key)));
  }
  return *value;
}

const Json* JsonFields::object(std::string_view key) {
  const Json* value = find(key);
  if (value != nullptr && !value->is_object()) {
    refuse_type(key, "an object", *value);
  }
  return value;
}

const Json* JsonFields::array(std::string_view key) {
  const Json* value = find(key);
  if (value != nullptr && !value->is_array()) {
    refuse_type(key, "a list", *value);
  }
  return value;
}

void JsonFields::ignore(
    std::span<const std::string_view> keys,
    std::vector<std::string>& ignored) {
  for (const std::string_view key : keys) {
    if (has(key)) {
      ignored.push_back(name(key));
    }
  }
}

void JsonFields::refuse_others() const {
  for (const auto& [key, value] : object_.items()) {
    // null is how clients write "left out".
    if (!known_.contains(key) && !value.is_null()) {
      throw bad_field(
          name(key),
          fmt::format("'{}' is not a field that this route knows", name(key)))
          .with_code("unknown_parameter");
    }
  }
}

}  // namespace bantam
