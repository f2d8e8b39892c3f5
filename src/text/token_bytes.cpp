// SPDX-License-Identifier: MIT
#include "text/token_bytes.h"

#include <charconv>

#include "base/utf8.h"
#include "text/byte_alphabet.h"

namespace bantam {

namespace {

constexpr std::string_view kMetaspace = "\u2581";

// "" for a spelling that is not of the alphabet: that of an added token.
std::string from_byte_alphabet(std::string_view spelling) {
  std::string bytes;
  for (size_t at = 0; at < spelling.size();) {
    const auto [character, length] = decode_utf8(spelling, at);
    const int byte = length == 0 ? -1 : character_to_byte(character);
    if (byte < 0) {
      return "";
    }
    bytes += static_cast<char>(byte);
    at += length;
  }
  return bytes;
}

// "<0x0A>" -> "\n"; "" for anything else.
std::string from_byte_token(std::string_view spelling) {
  if (spelling.size() != 6 || !spelling.starts_with("<0x") ||
      !spelling.ends_with('>')) {
    return "";
  }
  uint8_t byte = 0;
  const char* end = spelling.data() + 5;
  const auto [stop, error] =
      std::from_chars(spelling.data() + 3, end, byte, 16);
  return error == std::errc{} && stop == end
      ? std::string(1, static_cast<char>(byte))
      : "";
}

std::string from_metaspace(std::string_view spelling) {
  std::string bytes = from_byte_token(spelling);
  if (!bytes.empty()) {
    return bytes;
  }
  bytes = spelling;
  for (size_t at = bytes.find(kMetaspace); at != bytes.npos;
       at = bytes.find(kMetaspace, at + 1)) {
    bytes.replace(at, kMetaspace.size(), " ");
  }
  return bytes;
}

}  // namespace

// What a vocabulary holds shows how it spells: stand-ins of a line feed or of
// a space are in every byte-level one, a byte token in every one that falls
// back to bytes.
TokenBytes::TokenBytes(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {
  const auto has = [&](std::string_view spelling) {
    return tokenizer.find(spelling).has_value();
  };
  spelling_ = has("\u010A") || has("\u0120") ? Spelling::byte_level
      : has("<0x0A>") || has(kMetaspace)     ? Spelling::metaspace
                                             : Spelling::plain;
}

std::string TokenBytes::operator()(TokenId id) const {
  const std::string_view spelling = tokenizer_.spelling(id);
  if (tokenizer_.is_special(id)) {
    return std::string(spelling);
  }
  switch (spelling_) {
    case Spelling::byte_level: {
      std::string bytes = from_byte_alphabet(spelling);
      return bytes.empty() ? std::string(spelling) : bytes;
    }
    case Spelling::metaspace:
      return from_metaspace(spelling);
    case Spelling::plain:
      break;
  }
  return std::string(spelling);
}

}  // namespace bantam
