// SPDX-License-Identifier: MIT
// UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, at most
// U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bantam {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

/// One decoded character. `length` is 0 where no valid character begins.
struct Utf8Character {
  char32_t code_point;
  int length;
};

/// Decodes the character at `offset` (< text.size()).
Utf8Character decode_utf8(std::string_view text, size_t offset);

/// The byte offset of the first invalid byte, or text.size() if all is valid.
size_t valid_utf8_prefix(std::string_view text);

/// Appends `code_point` (a valid scalar value) to `out`.
void append_utf8(char32_t code_point, std::string& out);

}  // namespace bantam
