// SPDX-License-Identifier: MIT
// Operations on strings that filters and methods share. Marks of input move
// with their bytes.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "text/jinja_runtime.h"
#include "text/jinja_text.h"

namespace bantam::jinja {

enum class Side : uint8_t { both, left, right };

/// str.strip(); `characters` nullptr: white space.
Text strip(const Text& text, Side side, const Text* characters);

/// str.split(): at most `limit` splits (negative: no limit), from the right
/// when `from_right`; `separator` nullptr: runs of white space. Raises for an
/// empty separator.
std::vector<Text> split(
    Runtime& runtime,
    const Text& text,
    const Text* separator,
    int64_t limit,
    bool from_right);

std::vector<Text> split_lines(
    Runtime& runtime,
    const Text& text,
    bool keep_ends);

/// str.replace(); negative `limit`: all.
Text replace(
    Runtime& runtime,
    const Text& text,
    const Text& old_words,
    const Text& new_words,
    int64_t limit);

/// separator.join(parts).
Text join(
    Runtime& runtime,
    const Text& separator,
    const std::vector<Text>& parts);

/// Pads to `width` characters; `left` characters of `fill` go before.
Text pad(
    Runtime& runtime,
    const Text& text,
    int64_t width,
    const Text& fill,
    Side side);

/// str.isupper() or str.islower().
bool is_all_cased(Runtime& runtime, const Text& text, bool upper);

/// Strings as a list of values.
Value list_of(Runtime& runtime, std::vector<Text> parts, bool markup);

}  // namespace bantam::jinja
