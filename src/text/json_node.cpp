// SPDX-License-Identifier: MIT
#include "text/json_node.h"

namespace bantam {

std::string JsonNode::where() const {
  return *source_ + ": " + (path_.empty() ? "the top level" : path_);
}

void JsonNode::damaged(std::string_view what) const {
  fail(ErrorCode::invalid_file, "{}: {}", where(), what);
}

void JsonNode::unsupported(std::string_view what) const {
  fail(ErrorCode::unsupported, "{}: {}", where(), what);
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  if (!value_->is_object()) {
    damaged("expected an object");
  }
  const auto found = value_->find(std::string(key));
  if (found == value_->end() || found->is_null()) {
    return std::nullopt;
  }
  return JsonNode(
      *found,
      path_.empty() ? std::string(key) : path_ + "." + std::string(key),
      *source_);
}

JsonNode JsonNode::at(std::string_view key) const {
  auto node = find(key);
  if (!node) {
    damaged("\"" + std::string(key) + "\" is missing");
  }
  return *std::move(node);
}

std::vector<JsonNode> JsonNode::elements() const {
  if (!value_->is_array()) {
    damaged("expected an array");
  }
  std::vector<JsonNode> nodes;
  nodes.reserve(value_->size());
  for (const Json& element : *value_) {
    nodes.emplace_back(
        element, fmt::format("{}[{}]", path_, nodes.size()), *source_);
  }
  return nodes;
}

std::pair<std::string, JsonNode> JsonNode::only_member() const {
  if (!value_->is_object() || value_->size() != 1) {
    damaged("expected an object with one key");
  }
  const auto& key = value_->begin().key();
  return {key, JsonNode(value_->front(), path_ + "." + key, *source_)};
}

const std::string& JsonNode::string() const {
  if (!value_->is_string()) {
    damaged("expected a string");
  }
  return value_->get_ref<const std::string&>();
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) {
    damaged("expected true or false");
  }
  return value_->get<bool>();
}

int64_t JsonNode::integer(int64_t low, int64_t high) const {
  const bool fits = value_->is_number_unsigned()
      ? value_->get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX)
      : value_->is_number_integer();
  const int64_t number = fits ? value_->get<int64_t>() : 0;
  if (!fits || number < low || number > high) {
    damaged(fmt::format("expected an integer from {} to {}", low, high));
  }
  return number;
}

bool JsonNode::flag(std::string_view key, bool otherwise) const {
  const auto node = find(key);
  return node ? node->boolean() : otherwise;
}

std::string JsonNode::text(std::string_view key, const char* otherwise) const {
  const auto node = find(key);
  return node ? node->string() : otherwise;
}

}  // namespace bantam
