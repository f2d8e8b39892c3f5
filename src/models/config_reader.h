// SPDX-License-Identifier: MIT
// Typed access to a checkpoint's numbers, whichever format holds them. A value
// of the wrong type or out of range is invalid_file, naming file and key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "weights/checkpoint.h"

namespace bantam {

/// Reads config.json, or one object inside it.
class JsonConfig {
 public:
  /// `source` names the file in errors. `object` must outlive this.
  JsonConfig(const Json& object, std::string source)
      : object_(object), source_(std::move(source)) {}

  /// nullptr if the key is absent or null.
  const Json* find(std::string_view key) const;
  std::optional<int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;
  std::optional<bool> boolean(std::string_view key) const;
  std::optional<std::string> string(std::string_view key) const;
  /// A nested object; nullopt if absent or null.
  std::optional<JsonConfig> object(std::string_view key) const;

  const std::string& source() const { return source_; }

 private:
  const Json& object_;
  std::string source_;
};

/// The config.json of a folder.
JsonConfig json_config(const Checkpoint& checkpoint);

/// `value`, checked to lie in [1, 2^31); throws invalid_file otherwise or if
/// absent.
int64_t positive(
    std::optional<int64_t> value,
    std::string_view key,
    const std::string& source);

}  // namespace bantam
