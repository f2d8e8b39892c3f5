// SPDX-License-Identifier: MIT
// GPT-2's printable stand-ins for the 256 byte values: what a byte-level
// vocabulary is spelled with ("Ġ" is a space).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bantam {

/// Code points of the alphabet are below this.
inline constexpr char32_t kByteAlphabetEnd = 0x144;

/// Printable Latin-1 bytes stand for themselves; the others are numbered from
/// U+0100 on in byte order (the encoder of the GPT-2 release).
char32_t byte_to_character(uint8_t byte);

/// The byte a character stands for, or -1.
int character_to_byte(char32_t character);

/// Appends the stand-ins of `bytes` as UTF-8.
void append_byte_alphabet(std::string_view bytes, std::string& out);

}  // namespace bantam
