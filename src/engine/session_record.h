// SPDX-License-Identifier: MIT
// What a saved conversation says of itself: the header of its file. No MLX, so
// that it can be fuzzed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace bantam {

struct SessionRecord {
  std::string model_sha256;
  std::string model_name;
  /// What a cache is made for; must be equal to be used.
  Json settings = Json::object();
  /// What computed it; if another one reads it, the cache is computed again.
  Json program = Json::object();
  std::string system_prompt;
  std::string summary;
  bool thinking = false;
  std::vector<std::pair<std::string, std::string>> exchanges;
  /// The tokens in the cache that follows; none: no cache.
  std::vector<int32_t> ids;
};

std::string record_text(const SessionRecord& record);

/// Throws invalid_file, beginning with `source`.
SessionRecord parse_session_record(
    std::string_view text,
    const std::string& source);

}  // namespace bantam
