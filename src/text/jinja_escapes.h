// SPDX-License-Identifier: MIT
// Backslash escapes of string literals, and the escaping that output needs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "text/jinja_text.h"

namespace bantam::jinja {

struct EscapeProblem {
  size_t offset;
  std::string what;
};

/// Appends the value of a string literal's body to `out`, as Python's
/// "unicode-escape" codec reads it. A surrogate pair becomes its character.
std::optional<EscapeProblem> unescape(std::string_view body, std::string& out);

/// HTML: & < > ' " become entities, as MarkupSafe spells them.
Text escape_html(const Text& text);
/// The inverse, for the entities that are in common use.
Text unescape_html(const Text& text);
/// urllib.parse.quote; `query` also quotes "/" and writes a space as "+".
Text quote_url(const Text& text, bool query);

}  // namespace bantam::jinja
