// SPDX-License-Identifier: MIT
#include "models/config_reader.h"

#include "base/error.h"

namespace bantam {

namespace {

[[noreturn]] void wrong_type(
    const std::string& source,
    std::string_view key,
    std::string_view wanted,
    const Json& value) {
  fail(
      ErrorCode::invalid_file,
      "{}: \"{}\" must be {}, but is {}",
      source,
      key,
      wanted,
      to_json_line(value).substr(0, 60));
}

}  // namespace

const Json* JsonConfig::find(std::string_view key) const {
  if (!object_.is_object()) {
    return nullptr;
  }
  const auto entry = object_.find(key);
  return entry == object_.end() || entry->is_null() ? nullptr : &*entry;
}

std::optional<int64_t> JsonConfig::integer(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number_integer() ||
      (value->is_number_unsigned() && value->get<uint64_t>() > INT64_MAX)) {
    wrong_type(source_, key, "an integer", *value);
  }
  return value->get<int64_t>();
}

std::optional<double> JsonConfig::number(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_number()) {
    wrong_type(source_, key, "a number", *value);
  }
  return value->get<double>();
}

std::optional<bool> JsonConfig::boolean(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_boolean()) {
    wrong_type(source_, key, "true or false", *value);
  }
  return value->get<bool>();
}

std::optional<std::string> JsonConfig::string(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_string()) {
    wrong_type(source_, key, "a string", *value);
  }
  return value->get<std::string>();
}

std::optional<JsonConfig> JsonConfig::object(std::string_view key) const {
  const Json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_object()) {
    wrong_type(source_, key, "an object", *value);
  }
  return JsonConfig(*value, source_ + ": " + std::string(key));
}

JsonConfig json_config(const Checkpoint& checkpoint) {
  return JsonConfig(checkpoint.config(), checkpoint.path() + "/config.json");
}

int64_t positive(
    std::optional<int64_t> value,
    std::string_view key,
    const std::string& source) {
  if (!value) {
    fail(ErrorCode::invalid_file, "{}: \"{}\" is missing", source, key);
  }
  if (*value < 1 || *value > INT32_MAX) {
    fail(
        ErrorCode::invalid_file,
        "{}: \"{}\" is {}, out of range",
        source,
        key,
        *value);
  }
  return *value;
}

}  // namespace bantam
