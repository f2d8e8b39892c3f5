// SPDX-License-Identifier: MIT
#include "engine/session_record.h"

#include "base/error.h"
#include "base/utf8.h"

namespace bantam {

namespace {

constexpr int kFormat = 1;
constexpr const char* kKind = "bantam session";

[[noreturn]] void wrong(const std::string& source, std::string_view key) {
  fail(
      ErrorCode::invalid_file,
      "{}: \"{}\" is missing or wrong, so it is not a saved conversation that "
      "this bantam can read",
      source,
      key);
}

const Json& member(
    const Json& object,
    const char* key,
    const std::string& source) {
  const auto found = object.find(key);
  if (found == object.end()) {
    wrong(source, key);
  }
  return *found;
}

std::string text_member(
    const Json& object,
    const char* key,
    const std::string& source) {
  const Json& value = member(object, key, source);
  if (!value.is_string()) {
    wrong(source, key);
  }
  auto text = value.get<std::string>();
  if (valid_utf8_prefix(text) != text.size()) {
    wrong(source, key);
  }
  return text;
}

}  // namespace

std::string record_text(const SessionRecord& record) {
  Json exchanges = Json::array();
  for (const auto& [user, assistant] : record.exchanges) {
    exchanges.push_back({{"user", user}, {"assistant", assistant}});
  }
  const Json json{
      {"kind", kKind},
      {"format", kFormat},
      {"model_sha256", record.model_sha256},
      {"model", record.model_name},
      {"settings", record.settings},
      {"program", record.program},
      {"system_prompt", record.system_prompt},
      {"summary", record.summary},
      {"thinking", record.thinking},
      {"exchanges", exchanges},
      {"ids", record.ids}};
  return to_json_line(json);
}

SessionRecord parse_session_record(
    std::string_view text,
    const std::string& source) {
  const Json json = parse_json(text, source, ErrorCode::invalid_file);
  if (!json.is_object()) {
    wrong(source, "kind");
  }
  if (member(json, "kind", source) != kKind) {
    wrong(source, "kind");
  }
  if (member(json, "format", source) != kFormat) {
    wrong(source, "format");
  }
  SessionRecord record;
  record.model_sha256 = text_member(json, "model_sha256", source);
  record.model_name = text_member(json, "model", source);
  record.system_prompt = text_member(json, "system_prompt", source);
  record.summary = text_member(json, "summary", source);
  record.settings = member(json, "settings", source);
  record.program = member(json, "program", source);
  const Json& thinking = member(json, "thinking", source);
  if (!thinking.is_boolean()) {
    wrong(source, "thinking");
  }
  record.thinking = thinking.get<bool>();
  const Json& exchanges = member(json, "exchanges", source);
  const Json& ids = member(json, "ids", source);
  if (!exchanges.is_array()) {
    wrong(source, "exchanges");
  }
  for (const Json& exchange : exchanges) {
    if (!exchange.is_object()) {
      wrong(source, "exchanges");
    }
    record.exchanges.emplace_back(
        text_member(exchange, "user", source),
        text_member(exchange, "assistant", source));
  }
  if (!ids.is_array()) {
    wrong(source, "ids");
  }
  for (const Json& id : ids) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() > INT32_MAX) {
      wrong(source, "ids");
    }
    record.ids.push_back(id.get<int32_t>());
  }
  return record;
}

}  // namespace bantam
