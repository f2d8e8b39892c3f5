// SPDX-License-Identifier: MIT
// Python's two ways to format: "%s" % value and "{}".format(value).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "text/jinja_runtime.h"

namespace bantam::jinja {

/// `format % arguments`; `arguments` is a tuple, a dict or one value.
Value format_percent(
    Runtime& runtime,
    const String& format,
    const Value& arguments);

/// format.format(*positional, **keyword).
Value format_braces(
    Runtime& runtime,
    const String& format,
    const Arguments& arguments);

/// What stands between ":" and "}", or between "%" and its letter.
struct FormatSpec {
  char32_t fill = ' ';
  char align = '\0';  // '<' '>' '^' '=' or 0
  bool zero = false;  // "0" before the width
  char sign = '-';    // '+' '-' ' '
  bool alternate = false;
  int64_t width = 0;
  char grouping = '\0';  // ',' or '_'
  int64_t precision = -1;
  char type = '\0';
};

/// format(value, specification).
Text format_value(Runtime&, const Value&, std::string_view specification);

/// An integer or float in the spec's type ('d', 'x', 'f', ...), padded.
Text format_integer(Runtime& runtime, Integer value, const FormatSpec& spec);
Text format_real(Runtime& runtime, double value, const FormatSpec& spec);
/// Text cut to the precision and padded to the width.
Text format_text(Runtime& runtime, const Text& text, const FormatSpec& spec);

}  // namespace bantam::jinja
