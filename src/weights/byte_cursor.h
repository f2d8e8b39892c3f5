// SPDX-License-Identifier: MIT
// Reads little-endian values one after the other from a mapped file and never
// past its end. Its errors name the file, the part that is being read and the
// byte. Also: how a name from a file that may be hostile is printed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace bantam {

static_assert(
    std::endian::native == std::endian::little,
    "the file formats are little-endian and are read in place");

/// `text` on one line: control characters and bytes that are not UTF-8 are
/// escaped, and what is longer than 200 bytes is cut.
std::string printable(std::string_view text);
/// The same in single quotes.
std::string in_quotes(std::string_view name);

/// How messages about files that end too early finish.
inline constexpr std::string_view kFetchAgain =
    "the file is cut off or damaged; fetch it again";

class ByteCursor {
 public:
  ByteCursor(std::string_view file, std::span<const std::byte> bytes)
      : file_(file), bytes_(bytes) {}

  /// What the following bytes belong to: part "tensor", name "a.weight"; an
  /// empty name for parts that have none.
  void enter(std::string_view part, std::string_view name = {}) {
    part_ = part;
    name_ = name;
  }

  std::string_view file() const { return file_; }
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }
  const std::byte* here() const { return bytes_.data() + position_; }

  /// Throws invalid_file, "<what> needs n bytes", if there are not so many.
  void require(uint64_t count, std::string_view what) const;
  void skip(uint64_t count, std::string_view what) {
    require(count, what);
    position_ += count;
  }

  template <typename T>
  T read(std::string_view what) {
    require(sizeof(T), what);
    T value;
    std::memcpy(&value, here(), sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  /// A 64-bit length and so many bytes.
  std::string_view read_string(std::string_view what);

  /// Throws "<file>: <part> '<name>' at byte <at>: <what>".
  [[noreturn]] void fail_at(
      uint64_t at,
      std::string_view what,
      ErrorCode code = ErrorCode::invalid_file) const;

 private:
  std::string_view file_;
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
  std::string_view part_;
  std::string_view name_;
};

}  // namespace bantam
