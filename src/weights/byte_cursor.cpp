// SPDX-License-Identifier: MIT
#include "weights/byte_cursor.h"

#include "base/utf8.h"

namespace bantam {

std::string printable(std::string_view text) {
  constexpr size_t kMaxBytes = 200;
  std::string out;
  size_t i = 0;
  while (i < text.size() && i < kMaxBytes) {
    const Utf8Character character = decode_utf8(text, i);
    const bool control = character.code_point < 0x20 ||
        (character.code_point >= 0x7F && character.code_point < 0xA0);
    if (character.length > 0 && !control) {
      out.append(text.substr(i, character.length));
      i += character.length;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
      ++i;
    }
  }
  if (i < text.size()) {
    out += "...";
  }
  return out;
}

std::string in_quotes(std::string_view name) {
  return fmt::format("'{}'", printable(name));
}

void ByteCursor::require(uint64_t count, std::string_view what) const {
  if (count > remaining()) {
    fail_at(
        position_,
        fmt::format(
            "{} needs {} bytes, but the file has {} left: {}",
            what,
            count,
            remaining(),
            kFetchAgain));
  }
}

std::string_view ByteCursor::read_string(std::string_view what) {
  const size_t begin = position_;
  const auto length = read<uint64_t>(what);
  if (length > remaining()) {
    position_ = begin;
    fail_at(
        begin,
        fmt::format(
            "{} claims {} bytes, but the file has {} left: {}",
            what,
            length,
            bytes_.size() - begin - sizeof(length),
            kFetchAgain));
  }
  const auto* text = reinterpret_cast<const char*>(here());
  position_ += length;
  return {text, static_cast<size_t>(length)};
}

void ByteCursor::fail_at(uint64_t at, std::string_view what, ErrorCode code)
    const {
  const std::string name = name_.empty() ? "" : " " + in_quotes(name_);
  fail(code, "{}: {}{} at byte {}: {}", file_, part_, name, at, what);
}

}  // namespace bantam
