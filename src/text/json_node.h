// SPDX-License-Identifier: MIT
// A JSON value that knows its path, for error messages such as
// "tokenizer.json: decoder.decoders[2].content: expected a string".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace bantam {

class JsonNode {
 public:
  /// The value must outlive the node.
  JsonNode(const Json& value, std::string path, const std::string& source)
      : value_(&value), path_(std::move(path)), source_(&source) {}

  bool is_null() const { return value_->is_null(); }
  bool is_array() const { return value_->is_array(); }
  bool is_string() const { return value_->is_string(); }
  /// The number 0.
  bool is_zero() const { return value_->is_number() && *value_ == 0; }

  /// A member of an object; nullopt if it is absent or null.
  std::optional<JsonNode> find(std::string_view key) const;
  /// The same; throws invalid_file if it is absent or null.
  JsonNode at(std::string_view key) const;
  /// The elements of an array.
  std::vector<JsonNode> elements() const;
  /// The only member of an object with one.
  std::pair<std::string, JsonNode> only_member() const;

  const std::string& string() const;
  bool boolean() const;
  /// An integer in [low, high].
  int64_t integer(int64_t low, int64_t high) const;

  bool flag(std::string_view key, bool otherwise) const;
  std::string text(std::string_view key, const char* otherwise) const;

  /// "source: path", to begin a message with.
  std::string where() const;
  [[noreturn]] void damaged(std::string_view what) const;
  [[noreturn]] void unsupported(std::string_view what) const;

 private:
  const Json* value_;
  std::string path_;
  const std::string* source_;
};

}  // namespace bantam
