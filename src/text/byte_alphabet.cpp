// SPDX-License-Identifier: MIT
#include "text/byte_alphabet.h"

#include <array>

#include "base/utf8.h"

namespace bantam {

namespace {

constexpr bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) ||
      byte >= 0xAE;
}

struct Alphabet {
  std::array<char32_t, 256> characters{};
  std::array<int16_t, kByteAlphabetEnd> bytes{};
};

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.bytes.fill(-1);
  char32_t next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const char32_t character =
        stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
    alphabet.characters[byte] = character;
    alphabet.bytes[character] = static_cast<int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

char32_t byte_to_character(uint8_t byte) {
  return kAlphabet.characters[byte];
}

int character_to_byte(char32_t character) {
  return character < kByteAlphabetEnd ? kAlphabet.bytes[character] : -1;
}

void append_byte_alphabet(std::string_view bytes, std::string& out) {
  for (const char byte : bytes) {
    append_utf8(byte_to_character(static_cast<uint8_t>(byte)), out);
  }
}

}  // namespace bantam
