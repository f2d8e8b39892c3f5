// SPDX-License-Identifier: MIT
#include "machine/kernel_text.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace bantam {

std::string_view KernelTextReader::read(const std::string& path) noexcept {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) {
    return {};
  }
  size_t size = 0;
  while (size < buffer_.size()) {
    const ssize_t count =
        ::read(file, buffer_.data() + size, buffer_.size() - size);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      // An error midway leaves what came before it: whole lines are good.
      break;
    }
    size += static_cast<size_t>(count);
  }
  ::close(file);
  return {buffer_.data(), size};
}

std::optional<int64_t> leading_number(std::string_view text) noexcept {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == text.npos) {
    return std::nullopt;
  }
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + begin, end, value);
  if (error != std::errc{} || stop == end || value < 0) {
    return std::nullopt;
  }
  return value;
}

std::string_view line_of(std::string_view text, std::string_view key) noexcept {
  while (!text.empty()) {
    // The newline stays: behind it a number is known to be complete.
    const size_t newline = text.find('\n');
    const size_t length = newline == text.npos ? text.size() : newline + 1;
    std::string_view line = text.substr(0, length);
    text.remove_prefix(length);
    if (!line.starts_with(key)) {
      continue;
    }
    line.remove_prefix(key.size());
    const size_t value = line.find_first_not_of(" \t:");
    if (value != 0 && value != line.npos) {
      return line.substr(value);
    }
  }
  return {};
}

std::optional<int64_t> number_of(
    std::string_view text,
    std::string_view key) noexcept {
  return leading_number(line_of(text, key));
}

std::optional<int64_t> bytes_of(
    std::string_view text,
    std::string_view key) noexcept {
  const auto kibibytes = number_of(text, key);
  int64_t bytes = 0;
  if (!kibibytes || __builtin_mul_overflow(*kibibytes, 1024, &bytes)) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace bantam
