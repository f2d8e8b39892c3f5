// SPDX-License-Identifier: MIT
// The configuration file: YAML of two levels, sections and settings, read
// strictly. Anchors, aliases, tags and further documents are refused, so a file
// can neither expand nor hide anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/setting_value.h"

namespace bantam {

struct FileSetting {
  const Setting* setting;
  SettingValue value;
  int line;  // from 1
};

/// The settings in the order of the file; an empty file has none. `source`
/// names the file in messages. Throws invalid_request
/// "<source>:<line>:<column>: ..." (both from 1, columns count bytes).
std::vector<FileSetting> parse_settings(
    std::string_view text,
    const std::string& source);

/// Reads and parses a file (a pipe will do). Throws invalid_request.
std::vector<FileSetting> read_settings_file(const std::string& path);

}  // namespace bantam
