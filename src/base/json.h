// SPDX-License-Identifier: MIT
// JSON values that keep the order of their keys, and a parser whose errors
// name the file and the place.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace bantam {

using Json = nlohmann::ordered_json;

/// Parses `text`; nesting deeper than 256 levels is refused, so that nothing
/// that walks the value recursively can overflow the stack.
/// Throws Error{code}: "<source>:<line>:<column>: ...".
Json parse_json(
    std::string_view text,
    std::string_view source,
    ErrorCode code = ErrorCode::invalid_file);

/// Reads and parses a file. Throws not_found or invalid_file.
Json read_json_file(const std::string& path);

/// One line, UTF-8; bytes that are not UTF-8 become U+FFFD.
std::string to_json_line(const Json& value);

}  // namespace bantam
