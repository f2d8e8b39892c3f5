// SPDX-License-Identifier: MIT
// JSON in and out: variables become values, and the `tojson` filter writes
// what Python's json.dumps writes.
#pragma once

#include <string>

#include "base/json.h"
#include "text/jinja_runtime.h"

namespace bantam::jinja {

/// A value for a template; strings (and keys) are marked when `is_input`.
/// Raises for invalid UTF-8 or nesting beyond kMaxValueDepth.
Value from_json(Runtime& runtime, const Json& json, bool is_input);

/// json.dumps's keyword arguments.
struct JsonStyle {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool indented = false;
  std::string indent;  // one level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

/// Raises "Object of type Undefined is not JSON serializable".
Text to_json(Runtime& runtime, const Value& value, const JsonStyle& style);

}  // namespace bantam::jinja
