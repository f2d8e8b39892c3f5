// SPDX-License-Identifier: MIT
// Python's view of a string: code points, its whitespace, its character
// classes and its case mapping. Text here is valid UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja_text.h"

namespace bantam::jinja {

/// len(text).
int64_t count_characters(std::string_view text);
/// The byte offset of character `index`; text.size() when there are fewer.
size_t byte_offset(std::string_view text, int64_t index);
/// The character at `offset` and its length in bytes.
char32_t character_at(std::string_view text, size_t offset, int& length);
/// Byte offsets where characters begin, with text.size() at the end.
std::vector<size_t> character_starts(std::string_view text);

bool is_space(char32_t c);     // str.isspace and regular expressions' \s
bool is_line_end(char32_t c);  // str.splitlines, "\r\n" aside
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_alphanumeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
bool is_printable(char32_t c);
bool is_word(char32_t c);  // regular expressions' \w
bool is_identifier_start(char32_t c);
bool is_identifier_part(char32_t c);

/// Does every character satisfy `test`, and is there one at all?
bool all_characters(std::string_view text, bool (*test)(char32_t));

size_t skip_space(std::string_view text, size_t offset);
std::string_view strip_right(std::string_view text);

/// str.upper(), lower(), ... with each result character marked as the
/// character it came from.
Text to_upper(const Text& text);
Text to_lower(const Text& text);
Text to_title(const Text& text);
Text capitalize(const Text& text);
Text swap_case(const Text& text);
Text case_fold(const Text& text);

std::string to_lower(std::string_view text);

/// A full case mapping that is longer than one character.
struct SpecialCasing {
  char32_t character;
  const char* upper;
  const char* title;
};
/// Unicode's SpecialCasing.txt without its conditional rows, sorted;
/// nullptr for an ordinary character.
const SpecialCasing* special_casing(char32_t c);

}  // namespace bantam::jinja
