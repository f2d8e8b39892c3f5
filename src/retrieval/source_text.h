// SPDX-License-Identifier: MIT
// A file's content as UTF-8 text, and the way back from a place in the text to
// the bytes and lines of the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

enum class Encoding { utf8, utf16le, utf16be, windows1252 };

/// "utf-8", "utf-16le", ...
const char* encoding_name(Encoding encoding);

/// UTF-8 without a byte order mark and without NUL bytes (which became spaces).
struct DecodedText {
  std::string text;
  Encoding encoding = Encoding::utf8;
  int64_t mark_bytes = 0;  // of the byte order mark
};

/// By the byte order mark; else UTF-8 if all of it is; else Windows-1252, whose
/// printable part Latin-1 is. nullopt: binary, which is what has a NUL among
/// its first 8000 bytes, or control characters a text does not have.
std::optional<DecodedText> decode_text(std::string_view bytes);

/// Turns ascending offsets into `decoded.text` to byte offsets in the file.
class ByteOffsets {
 public:
  explicit ByteOffsets(const DecodedText& decoded)
      : decoded_(decoded), source_(decoded.mark_bytes) {}
  /// `offset` must not be less than at the last call.
  int64_t at(size_t offset);

 private:
  const DecodedText& decoded_;
  size_t text_ = 0;
  int64_t source_;
};

/// Turns ascending offsets into line numbers, from 1.
class LineNumbers {
 public:
  explicit LineNumbers(std::string_view text, char line_end = '\n')
      : text_(text), line_end_(line_end) {}
  int64_t at(size_t offset);

 private:
  std::string_view text_;
  char line_end_;
  size_t offset_ = 0;
  int64_t line_ = 1;
};

}  // namespace bantam
