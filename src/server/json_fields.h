// SPDX-License-Identifier: MIT
// Reads the fields of a request's JSON object: each is checked, and one that
// nobody asked for is refused by name.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "server/api_error.h"

namespace bantam {

/// Throws ApiError 400 about "<path><key>" for a field of the wrong type or out
/// of range. A field that is null counts as left out.
class JsonFields {
 public:
  /// `path`: "" for the body, "messages[2]." for a part. Keeps a reference.
  /// Throws if `object` is none.
  JsonFields(const Json& object, std::string path);

  const Json* find(std::string_view key);
  bool has(std::string_view key) { return find(key) != nullptr; }
  std::optional<bool> boolean(std::string_view key);
  std::optional<int64_t> integer(
      std::string_view key,
      int64_t least = std::numeric_limits<int64_t>::min(),
      int64_t most = std::numeric_limits<int64_t>::max());
  std::optional<double> number(std::string_view key, double least, double most);
  std::optional<std::string> text(std::string_view key);
  std::string required_text(std::string_view key);
  const Json* object(std::string_view key);
  const Json* array(std::string_view key);

  /// Fields that are accepted, but change nothing here: the names of those
  /// that are there go to `ignored`.
  void ignore(
      std::span<const std::string_view> keys,
      std::vector<std::string>& ignored);
  /// Refuses every field that none of the above asked for.
  void refuse_others() const;

  std::string name(std::string_view key) const {
    return path_ + std::string(key);
  }
  [[noreturn]] void refuse(std::string_view key, const std::string& message)
      const;

 private:
  [[noreturn]] void refuse_type(
      std::string_view key,
      const char* wanted,
      const Json& value) const;

  const Json& object_;
  std::string path_;
  std::set<std::string, std::less<>> known_;
};

/// "string", "an object", ...
std::string json_type_name(const Json& value);

}  // namespace bantam
