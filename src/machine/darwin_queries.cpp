// SPDX-License-Identifier: MIT
#include "machine/darwin_queries.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace bantam {

std::optional<int64_t> sysctl_number(
    const DarwinSystem& system,
    const char* name) noexcept {
  std::array<char, 8> value{};
  size_t bytes = value.size();
  if (!system.sysctl(name, value.data(), &bytes)) {
    return std::nullopt;
  }
  int64_t number = -1;
  if (bytes == sizeof(int32_t)) {
    int32_t narrow = 0;
    std::memcpy(&narrow, value.data(), sizeof(narrow));
    number = narrow;
  } else if (bytes == sizeof(number)) {
    std::memcpy(&number, value.data(), sizeof(number));
  }
  return number >= 0 ? std::optional(number) : std::nullopt;
}

std::string sysctl_text(const DarwinSystem& system, const char* name) {
  std::array<char, 256> value{};
  size_t bytes = value.size();
  if (!system.sysctl(name, value.data(), &bytes)) {
    return "";
  }
  const std::string_view text(value.data(), std::min(bytes, value.size()));
  return std::string(text.substr(0, text.find('\0')));
}

}  // namespace bantam
