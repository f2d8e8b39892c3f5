// SPDX-License-Identifier: MIT
#include "retrieval/source_text.h"

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace bantam {

namespace {

// Bytes 0x80 to 0x9F of Windows-1252 (WHATWG Encoding Standard); the others
// are code points themselves.
constexpr std::array<char32_t, 32> kWindows1252 = {
    0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
    0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

// What git looks at to tell binary from text.
constexpr size_t kBinaryProbe = 8000;

bool looks_binary(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, kBinaryProbe);
  if (head.find('\0') != head.npos) {
    return true;
  }
  const auto controls = std::ranges::count_if(head, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' &&
        c != '\b' && c != '\x1b';
  });
  return static_cast<size_t>(controls) * 50 > head.size();
}

void append(char32_t code_point, std::string& out) {
  append_utf8(code_point == 0 ? U' ' : code_point, out);
}

std::string from_windows1252(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append(
        byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80]
                                    : char32_t{byte},
        out);
  }
  return out;
}

std::string from_utf16(std::string_view bytes, bool big) {
  std::string out;
  out.reserve(bytes.size());
  const auto unit = [&](size_t i) -> char32_t {
    const auto low = static_cast<unsigned char>(bytes[i + (big ? 1 : 0)]);
    const auto high = static_cast<unsigned char>(bytes[i + (big ? 0 : 1)]);
    return static_cast<char32_t>(high << 8 | low);
  };
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const char32_t first = unit(i);
    if (first >= 0xD800 && first < 0xDC00 && i + 3 < bytes.size()) {
      const char32_t second = unit(i + 2);
      if (second >= 0xDC00 && second < 0xE000) {
        append(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), out);
        i += 2;
        continue;
      }
    }
    append(
        first >= 0xD800 && first < 0xE000 ? kReplacementCharacter : first, out);
  }
  return out;
}

}  // namespace

const char* encoding_name(Encoding encoding) {
  switch (encoding) {
    case Encoding::utf8:
      return "utf-8";
    case Encoding::utf16le:
      return "utf-16le";
    case Encoding::utf16be:
      return "utf-16be";
    case Encoding::windows1252:
      return "windows-1252";
  }
  return "";
}

std::optional<DecodedText> decode_text(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE")) {
    return DecodedText{
        from_utf16(bytes.substr(2), false), Encoding::utf16le, 2};
  }
  if (bytes.starts_with("\xFE\xFF")) {
    return DecodedText{from_utf16(bytes.substr(2), true), Encoding::utf16be, 2};
  }
  const bool marked = bytes.starts_with("\xEF\xBB\xBF");
  const std::string_view rest = bytes.substr(marked ? 3 : 0);
  if (looks_binary(rest)) {
    return std::nullopt;
  }
  if (valid_utf8_prefix(rest) == rest.size()) {
    DecodedText decoded{std::string(rest), Encoding::utf8, marked ? 3 : 0};
    std::ranges::replace(decoded.text, '\0', ' ');
    return decoded;
  }
  // A damaged byte in a file that says it is UTF-8, or none of its characters.
  return DecodedText{
      from_windows1252(rest), Encoding::windows1252, marked ? 3 : 0};
}

int64_t ByteOffsets::at(size_t offset) {
  const std::string& text = decoded_.text;
  if (decoded_.encoding == Encoding::utf8) {
    return decoded_.mark_bytes + static_cast<int64_t>(offset);
  }
  const bool wide = decoded_.encoding != Encoding::windows1252;
  for (; text_ < offset && text_ < text.size(); ++text_) {
    const auto byte = static_cast<unsigned char>(text[text_]);
    if ((byte & 0xC0) == 0x80) {
      continue;  // counted with its first byte
    }
    source_ += !wide ? 1 : byte >= 0xF0 ? 4 : 2;
  }
  return source_;
}

int64_t LineNumbers::at(size_t offset) {
  const size_t end = std::min(offset, text_.size());
  if (end > offset_) {
    line_ += std::count(
        text_.begin() + static_cast<std::ptrdiff_t>(offset_),
        text_.begin() + static_cast<std::ptrdiff_t>(end),
        line_end_);
    offset_ = end;
  }
  return line_;
}

}  // namespace bantam
