// SPDX-License-Identifier: MIT
#include "base/utf8.h"

namespace bantam {

namespace {

constexpr char32_t kSmallestOfLength[] = {0, 0, 0x80, 0x800, 0x10000};

int sequence_length(unsigned char lead) {
  if (lead < 0x80) {
    return 1;
  }
  if (lead >= 0xC2 && lead < 0xE0) {
    return 2;
  }
  if (lead >= 0xE0 && lead < 0xF0) {
    return 3;
  }
  return lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
}

}  // namespace

Utf8Character decode_utf8(std::string_view text, size_t offset) {
  const auto byte = [&](size_t i) {
    return static_cast<unsigned char>(text[offset + i]);
  };
  const int length = sequence_length(byte(0));
  if (length == 0 || text.size() - offset < static_cast<size_t>(length)) {
    return {kReplacementCharacter, 0};
  }
  if (length == 1) {
    return {byte(0), 1};
  }
  char32_t code_point = byte(0) & (0xFF >> (length + 1));
  for (int i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return {kReplacementCharacter, 0};
    }
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  const bool surrogate = code_point >= 0xD800 && code_point < 0xE000;
  if (surrogate || code_point < kSmallestOfLength[length] ||
      code_point > 0x10FFFF) {
    return {kReplacementCharacter, 0};
  }
  return {code_point, length};
}

size_t valid_utf8_prefix(std::string_view text) {
  size_t offset = 0;
  while (offset < text.size()) {
    const int length = decode_utf8(text, offset).length;
    if (length == 0) {
      break;
    }
    offset += length;
  }
  return offset;
}

void append_utf8(char32_t code_point, std::string& out) {
  const auto put = [&](char32_t value) {
    out.push_back(static_cast<char>(value));
  };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

}  // namespace bantam
