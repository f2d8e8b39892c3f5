// SPDX-License-Identifier: MIT
// Reading the small text files of /proc and /sys/fs/cgroup, without allocating.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bantam {

/// Reads files into one buffer that it keeps.
class KernelTextReader {
 public:
  /// The file's text, good until the next call; "" if it cannot be read. Of a
  /// file longer than 16 KiB the beginning.
  std::string_view read(const std::string& path) noexcept;

 private:
  std::array<char, 16 << 10> buffer_;
};

/// The number at the start of `text`, blanks before it allowed. nullopt if
/// there is none, it is negative, does not fit 63 bits, or touches the end of
/// the text: there a digit may be missing.
std::optional<int64_t> leading_number(std::string_view text) noexcept;

/// The number behind `key` on the line that begins with it, as in
/// "pswpin 12" and "MemTotal:  24684084 kB".
std::optional<int64_t> number_of(
    std::string_view text,
    std::string_view key) noexcept;

/// number_of() for lines in kB, in bytes.
std::optional<int64_t> bytes_of(
    std::string_view text,
    std::string_view key) noexcept;

/// The rest of the line that begins with `key`, blanks and a colon between
/// them left out; "" if there is no such line.
std::string_view line_of(std::string_view text, std::string_view key) noexcept;

}  // namespace bantam
