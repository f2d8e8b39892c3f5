// SPDX-License-Identifier: MIT
// Filters that make or need numbers.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include "text/jinja_filters.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_strings.h"

namespace bantam::jinja {

namespace {

// What fits an Integer with room to spare.
constexpr double kIntegerLimit = 0x1p126;

int digit_value(char c) {
  const char low = static_cast<char>(c | 0x20);
  return c >= '0' && c <= '9'    ? c - '0'
      : low >= 'a' && low <= 'z' ? low - 'a' + 10
                                 : 99;
}

// Digits with single underscores between them, which are dropped; false if
// the text has any other form.
bool drop_underscores(std::string& digits) {
  const auto alphanumeric = [&](size_t i) {
    return i < digits.size() && digit_value(digits[i]) < 36;
  };
  for (size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] == '_' &&
        !(i > 0 && alphanumeric(i - 1) && alphanumeric(i + 1))) {
      return false;
    }
  }
  std::erase(digits, '_');
  return !digits.empty();
}

// int(text, base); nullopt for ValueError.
std::optional<Integer> parse_integer(const Text& text, int64_t base) {
  std::string digits = strip(text, Side::both, nullptr).bytes;
  const bool negative = digits.starts_with("-");
  if (negative || digits.starts_with("+")) {
    digits.erase(0, 1);
  }
  const char mark = digits.size() > 1 && digits[0] == '0'
      ? static_cast<char>(digits[1] | 0x20)
      : '\0';
  const int64_t marked = mark == 'x' ? 16
      : mark == 'o'                  ? 8
      : mark == 'b'                  ? 2
                                     : 0;
  if (marked != 0 && (base == marked || base == 0)) {
    digits.erase(0, 2);
    digits.erase(0, digits.starts_with("_") ? 1 : 0);
    base = marked;
  }
  base = base == 0 ? 10 : base;
  if (base < 2 || base > 36) {
    raise("int() base must be >= 2 and <= 36, or 0");
  }
  if (!drop_underscores(digits)) {
    return std::nullopt;
  }
  Integer value = 0;
  for (const char c : digits) {
    if (digit_value(c) >= base) {
      return std::nullopt;
    }
    if (__builtin_mul_overflow(value, Integer{base}, &value) ||
        __builtin_add_overflow(value, Integer{digit_value(c)}, &value)) {
      raise("an integer beyond 127 bits");
    }
  }
  return negative ? -value : value;
}

// float(text); nullopt for ValueError.
std::optional<double> parse_real(const Text& text) {
  std::string digits = strip(text, Side::both, nullptr).bytes;
  std::string lower = digits;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  const std::string word = lower.starts_with("-") || lower.starts_with("+")
      ? lower.substr(1)
      : lower;
  const bool named = word == "inf" || word == "infinity" || word == "nan";
  if (!named &&
      (word.empty() || word.find_first_not_of("0123456789.e+-_") != word.npos ||
       word.find_first_of("0123456789") == word.npos)) {
    return std::nullopt;
  }
  if (!drop_underscores(digits)) {
    return std::nullopt;
  }
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  return *end == '\0' ? std::optional(value) : std::nullopt;
}

// int(value) of a number; nullopt for NaN, infinity and beyond.
std::optional<Integer> truncated(double value) {
  return std::isnan(value) || std::abs(value) >= kIntegerLimit
      ? std::nullopt
      : std::optional(static_cast<Integer>(value));
}

Value int_filter(Runtime&, const Value& subject, Arguments& args) {
  const auto bound = bind("int", args, {"default", "base"});
  const Value otherwise = bound[0] ? *bound[0] : Value(0);
  const int64_t base = bound[1] ? as_index(*bound[1]) : 10;
  if (subject.is_undefined()) {
    raise("{}", subject.undefined().message());
  }
  if (subject.is_integral()) {
    return subject.integer();
  }
  if (subject.is_real()) {
    const auto whole = truncated(subject.real());
    if (std::isinf(subject.real())) {
      raise("cannot convert float infinity to integer");
    }
    if (!whole && !std::isnan(subject.real())) {
      raise("an integer beyond 127 bits");
    }
    return whole ? Value(*whole) : otherwise;
  }
  if (!subject.is_string()) {
    return otherwise;
  }
  if (const auto value = parse_integer(subject.text(), base)) {
    return *value;
  }
  const auto real = parse_real(subject.text());
  const auto whole = real ? truncated(*real) : std::nullopt;
  return whole ? Value(*whole) : otherwise;
}

Value float_filter(Runtime&, const Value& subject, Arguments& args) {
  const auto bound = bind("float", args, {"default"});
  const Value otherwise = bound[0] ? *bound[0] : Value(0.0);
  if (subject.is_undefined()) {
    raise("{}", subject.undefined().message());
  }
  if (subject.is_number()) {
    return subject.real();
  }
  const auto value =
      subject.is_string() ? parse_real(subject.text()) : std::nullopt;
  return value ? Value(*value) : otherwise;
}

Value abs_filter(Runtime&, const Value& subject, Arguments& args) {
  bind("abs", args, {});
  if (subject.is_real()) {
    return std::abs(subject.real());
  }
  if (!subject.is_integral()) {
    raise("bad operand type for abs(): '{}'", type_name(subject));
  }
  return subject.integer() < 0 ? negate(subject) : positive(subject);
}

// round(value, precision): correctly rounded decimal digits, half to even,
// which is what printing with that precision gives.
double round_half_even(double value, int64_t precision) {
  if (!std::isfinite(value) || precision > 300) {
    return value;
  }
  if (precision >= 0) {
    const std::string digits =
        fmt::format("{:.{}f}", value, static_cast<int>(precision));
    return std::strtod(digits.c_str(), nullptr);
  }
  if (precision < -310) {
    return std::copysign(0.0, value);
  }
  const double unit = std::pow(10.0, static_cast<double>(-precision));
  return std::nearbyint(value / unit) * unit;
}

Integer round_integer(Integer value, int64_t precision) {
  if (precision >= 0) {
    return value;
  }
  if (precision < -37) {
    return 0;
  }
  Integer unit = 1;
  for (int64_t i = precision; i < 0; ++i) {
    unit *= 10;
  }
  const Integer rest = ((value % unit) + unit) % unit;
  const Integer below = value - rest;
  const bool up =
      rest * 2 > unit || (rest * 2 == unit && ((below / unit) % 2 != 0));
  return up ? below + unit : below;
}

Value round_filter(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("round", args, {"precision", "method"});
  const int64_t precision = bound[0] ? as_index(*bound[0]) : 0;
  const std::string method =
      bound[1] ? text_of(runtime, *bound[1]).bytes : "common";
  if (method != "common" && method != "ceil" && method != "floor") {
    raise("method must be common, ceil or floor");
  }
  if (!subject.is_number()) {
    raise("type {} doesn't define __round__ method", type_name(subject));
  }
  if (method == "common") {
    return subject.is_integral()
        ? Value(round_integer(subject.integer(), precision))
        : Value(round_half_even(subject.real(), precision));
  }
  const Value scale =
      calculate(runtime, 10, Arithmetic::pow, static_cast<Integer>(precision));
  const Value scaled = calculate(runtime, subject, Arithmetic::mul, scale);
  const double whole =
      method == "ceil" ? std::ceil(scaled.real()) : std::floor(scaled.real());
  if (!std::isfinite(whole)) {
    raise("cannot convert float {} to integer", real_text(whole));
  }
  const auto integer = truncated(whole);
  return calculate(
      runtime, integer ? Value(*integer) : whole, Arithmetic::div, scale);
}

Value file_size(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("filesizeformat", args, {"binary"});
  const bool binary = bound[0] && truth(runtime, *bound[0]);
  Arguments none;
  const std::optional<double> parsed = subject.is_string()
      ? parse_real(subject.text())
      : subject.is_number() ? std::optional(subject.real())
                            : std::nullopt;
  if (!parsed) {
    raise("could not convert to float: {}", repr_of(runtime, subject).bytes);
  }
  const double bytes = *parsed;
  const double base = binary ? 1024 : 1000;
  if (bytes == 1) {
    return runtime.string("1 Byte");
  }
  if (bytes < base) {
    return runtime.string(fmt::format("{} Bytes", static_cast<int64_t>(bytes)));
  }
  constexpr std::string_view kUnits = "kMGTPEZY";
  double unit = base;
  size_t i = 0;
  do {
    unit *= base;
  } while (bytes >= unit && ++i < kUnits.size());
  i = std::min(i, kUnits.size() - 1);
  const char letter = binary && i == 0 ? 'K' : kUnits[i];
  unit = std::pow(base, static_cast<double>(i) + 2);
  return runtime.string(
      fmt::format(
          "{:.1f} {}{}", base * bytes / unit, letter, binary ? "iB" : "B"));
}

constexpr NamedFunction kNumberFilters[] = {
    {"abs", abs_filter},
    {"filesizeformat", file_size},
    {"float", float_filter},
    {"int", int_filter},
    {"round", round_filter},
};

}  // namespace

std::span<const NamedFunction> number_filters() {
  return kNumberFilters;
}

}  // namespace bantam::jinja
