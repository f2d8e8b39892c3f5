// SPDX-License-Identifier: MIT
// The names a setting goes by, and the nearest one to a name that nothing has.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/setting_table.h"

namespace bantam {

/// Index in kSettings.
constexpr std::optional<size_t> find_setting(std::string_view key) {
  for (size_t i = 0; i < kSettings.size(); ++i) {
    if (kSettings[i].key == key) {
      return i;
    }
  }
  return std::nullopt;
}

/// "max_kv_size" of "--max-kv-size", else the key's last part: the name in
/// the JSON output's `applied`.
std::string applied_name(const Setting& setting);

/// BANTAM_SAMPLING_TEMPERATURE: the key in capitals with `_` for `.`.
std::string environment_name(const Setting& setting);

/// The setting that a wrong key may have meant: one whose key, flag or last
/// part it is (perhaps under another section), or the nearest key; "" if none
/// is near. `key` may be a section alone.
std::string nearest_key(std::string_view key);

/// The same for an environment variable's name.
std::string nearest_environment_name(std::string_view name);

}  // namespace bantam
