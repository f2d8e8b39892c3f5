// SPDX-License-Identifier: MIT
#include "base/size.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace bantam {

namespace {

struct Unit {
  std::string_view name;
  int64_t bytes;
};

constexpr std::array kUnits{
    Unit{"B", 1},
    Unit{"KB", 1'000},
    Unit{"MB", 1'000'000},
    Unit{"GB", 1'000'000'000},
    Unit{"TB", 1'000'000'000'000},
    Unit{"KiB", int64_t{1} << 10},
    Unit{"MiB", int64_t{1} << 20},
    Unit{"GiB", int64_t{1} << 30},
    Unit{"TiB", int64_t{1} << 40},
};

}  // namespace

std::optional<int64_t> parse_size(std::string_view text) {
  const size_t unit_begin = text.find_first_not_of("0123456789.");
  std::string_view digits = text.substr(0, unit_begin);
  std::string_view unit_name =
      unit_begin == text.npos ? "B" : text.substr(unit_begin);
  for (const Unit& unit : kUnits) {
    if (unit.name != unit_name) {
      continue;
    }
    const char* end = digits.data() + digits.size();
    if (int64_t whole = 0; digits.find('.') == digits.npos) {
      const auto [stop, error] = std::from_chars(digits.data(), end, whole);
      int64_t bytes = 0;
      if (error != std::errc{} || stop != end ||
          __builtin_mul_overflow(whole, unit.bytes, &bytes)) {
        return std::nullopt;
      }
      return bytes;
    }
    if (unit.bytes == 1) {
      return std::nullopt;  // half a byte
    }
    // strtod, not from_chars: Apple's libc++ has no floating from_chars.
    const std::string copy(digits);
    char* stop = nullptr;
    const double value =
        std::strtod(copy.c_str(), &stop) * static_cast<double>(unit.bytes);
    if (stop != copy.c_str() + copy.size() || !(value < 9.2e18)) {
      return std::nullopt;
    }
    return std::llround(value);
  }
  return std::nullopt;
}

std::string format_size(int64_t bytes) {
  const double value = static_cast<double>(bytes);
  if (bytes >= int64_t{1} << 30) {
    return fmt::format("{:.2f} GiB", value / (int64_t{1} << 30));
  }
  if (bytes >= 1'000'000) {
    return fmt::format("{:.1f} MB", value / 1e6);
  }
  if (bytes >= 1'000) {
    return fmt::format("{:.1f} kB", value / 1e3);
  }
  return fmt::format("{} B", bytes);
}

std::string format_gib(int64_t bytes) {
  return fmt::format(
      "{:.2f} GiB", static_cast<double>(bytes) / (int64_t{1} << 30));
}

}  // namespace bantam
