// SPDX-License-Identifier: MIT
// Numbers and text laid out by a format specification (Python's "Format
// Specification Mini-Language").
#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "text/jinja_format.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

// More digits than any double has; what lies beyond are zeros.
constexpr int64_t kMaxPrecision = 10'000;

constexpr char32_t kNoFill = 0xFFFFFFFF;

class SpecParser {
 public:
  explicit SpecParser(std::string_view text) : text_(text) {}

  FormatSpec parse() {
    FormatSpec spec;
    spec.fill = kNoFill;
    parse_alignment(spec);
    if (next_is("+- ")) {
      spec.sign = take();
    }
    if (next_is("#")) {
      take();
      spec.alternate = true;
    }
    if (next_is("0")) {
      take();
      spec.fill = spec.fill == kNoFill ? '0' : spec.fill;
      spec.zero = true;
    }
    spec.width = number(0);
    if (next_is(",_")) {
      spec.grouping = take();
    }
    if (next_is(".")) {
      take();
      spec.precision = number(-1);
      if (spec.precision < 0) {
        raise("Format specifier missing precision");
      }
    }
    if (at_ < text_.size()) {
      spec.type = take();
    }
    if (at_ < text_.size()) {
      raise("Invalid format specifier '{}'", text_);
    }
    spec.fill = spec.fill == kNoFill ? ' ' : spec.fill;
    return spec;
  }

 private:
  bool next_is(std::string_view choices) const {
    return at_ < text_.size() && choices.find(text_[at_]) != choices.npos;
  }
  char take() { return text_[at_++]; }

  void parse_alignment(FormatSpec& spec) {
    if (text_.empty()) {
      return;
    }
    int length = 0;
    const char32_t first = character_at(text_, 0, length);
    constexpr std::string_view kAligns = "<>=^";
    const auto after = text_.substr(length, 1);
    if (!after.empty() && kAligns.find(after[0]) != kAligns.npos) {
      spec.fill = first;
      spec.align = after[0];
      at_ = length + 1;
    } else if (next_is(kAligns)) {
      spec.align = take();
    }
  }

  int64_t number(int64_t otherwise) {
    if (!next_is("0123456789")) {
      return otherwise;
    }
    int64_t value = 0;
    while (next_is("0123456789")) {
      value = std::min<int64_t>(value * 10 + (take() - '0'), int64_t{1} << 40);
    }
    return value;
  }

  std::string_view text_;
  size_t at_ = 0;
};

std::string digits_in(Integer value, int radix) {
  using Unsigned = unsigned __int128;
  Unsigned rest = value < 0 ? Unsigned{0} - static_cast<Unsigned>(value)
                            : static_cast<Unsigned>(value);
  std::string digits;
  do {
    digits += "0123456789abcdef"[static_cast<int>(rest % radix)];
    rest /= radix;
  } while (rest > 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

// Separators every `every` digits of the whole part, which ends at `end`.
void group_digits(std::string& digits, size_t end, char mark, size_t every) {
  for (size_t at = end; at > every; at -= every) {
    digits.insert(at - every, 1, mark);
  }
}

void append_fill(Text& text, char32_t fill, int64_t count) {
  std::string one;
  append_utf8(fill, one);
  for (int64_t i = 0; i < count; ++i) {
    text.append(one);
  }
}

// `prefix` is the sign and "0x"; '=' puts the padding after it.
Text pad(
    Runtime& runtime,
    const Text& body,
    std::string_view prefix,
    const FormatSpec& spec,
    char default_align) {
  const int64_t length =
      count_characters(body.bytes) + static_cast<int64_t>(prefix.size());
  constexpr int64_t kWidest = int64_t{1} << 40;  // beyond any memory limit
  const int64_t padding = std::clamp<int64_t>(spec.width - length, 0, kWidest);
  runtime.meter.expect(static_cast<size_t>(padding) * 4 + body.size());
  runtime.meter.work_on_bytes(static_cast<size_t>(padding));
  const char align = spec.align == '\0' ? default_align : spec.align;
  const int64_t before = align == '>' ? padding
      : align == '^'                  ? padding / 2
                                      : 0;
  Text result;
  append_fill(result, spec.fill, before);
  result.append(prefix);
  const int64_t inside = align == '=' ? padding : 0;
  append_fill(result, spec.fill, inside);
  result.append(body);
  append_fill(result, spec.fill, padding - before - inside);
  return result;
}

std::string sign_of(bool negative, char choice) {
  return negative ? "-" : choice == '-' ? "" : std::string(1, choice);
}

char lower(char c) {
  return static_cast<char>(c | 0x20);
}

void capitals(std::string& text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
}

// |value| in the spec's type, without a sign.
std::string real_digits(double value, const FormatSpec& spec) {
  const char type = spec.type == '\0' ? '\0' : lower(spec.type);
  if (std::isnan(value) || std::isinf(value)) {
    return std::isnan(value) ? "nan" : "inf";
  }
  if (type == '\0' && spec.precision < 0) {
    return real_text(value);
  }
  auto precision = static_cast<int>(spec.precision < 0 ? 6 : spec.precision);
  if (type == 'e') {
    return spec.alternate ? fmt::format("{:#.{}e}", value, precision)
                          : fmt::format("{:.{}e}", value, precision);
  }
  if (type == 'f' || type == '%') {
    return spec.alternate ? fmt::format("{:#.{}f}", value, precision)
                          : fmt::format("{:.{}f}", value, precision);
  }
  precision = std::max(precision, 1);
  std::string digits = spec.alternate
      ? fmt::format("{:#.{}g}", value, precision)
      : fmt::format("{:.{}g}", value, precision);
  if (type == '\0' && digits.find_first_of(".e") == digits.npos) {
    digits += ".0";
  }
  if (spec.alternate && precision == 1 && digits.ends_with(".0")) {
    digits.pop_back();  // fmt writes one zero that C does not
  }
  return digits;
}

[[noreturn]] void raise_code(char type, const Value& value) {
  raise(
      "Unknown format code '{}' for object of type '{}'",
      type,
      type_name(value));
}

}  // namespace

Text format_integer(Runtime& runtime, Integer value, const FormatSpec& spec) {
  const char type = spec.type == '\0' ? 'd' : spec.type;
  if (std::string_view("eEfFgG%").find(type) != std::string_view::npos) {
    return format_real(runtime, static_cast<double>(value), spec);
  }
  if (type == 'c') {
    if (value < 0 || value > 0x10FFFF) {
      raise("%c arg not in range(0x110000)");
    }
    const auto c = static_cast<char32_t>(value);
    std::string one;
    append_utf8(c >= 0xD800 && c < 0xE000 ? kReplacementCharacter : c, one);
    return pad(runtime, one, "", spec, '<');
  }
  const int radix = lower(type) == 'x' ? 16
      : type == 'o'                    ? 8
      : type == 'b'                    ? 2
                                       : 10;
  std::string digits = digits_in(value, radix);
  if (spec.precision > 0) {  // of "%.5d": at least so many digits
    const auto least = std::min(spec.precision, kMaxPrecision);
    const auto length = static_cast<int64_t>(digits.size());
    digits.insert(0, std::max<int64_t>(0, least - length), '0');
  }
  if (spec.grouping != '\0') {
    group_digits(digits, digits.size(), spec.grouping, radix == 10 ? 3 : 4);
  }
  std::string prefix = sign_of(value < 0, spec.sign);
  if (spec.alternate && radix != 10) {
    prefix += radix == 16 ? "0x" : radix == 8 ? "0o" : "0b";
  }
  if (type == 'X') {
    capitals(digits);
    capitals(prefix);
  }
  return pad(runtime, digits, prefix, spec, '>');
}

Text format_real(Runtime& runtime, double value, const FormatSpec& spec) {
  if (spec.precision > kMaxPrecision) {
    raise_unsupported("a precision above {}", kMaxPrecision);
  }
  const bool percent = spec.type == '%';
  const double magnitude = std::abs(percent ? value * 100 : value);
  std::string digits = real_digits(magnitude, spec);
  if (spec.grouping != '\0' && std::isfinite(value)) {
    const size_t end = std::min(digits.find_first_of(".e"), digits.size());
    group_digits(digits, end, spec.grouping, 3);
  }
  digits += percent ? "%" : "";
  if (spec.type >= 'A' && spec.type <= 'Z') {
    capitals(digits);
  }
  const bool negative = std::signbit(value) && !std::isnan(value);
  return pad(runtime, digits, sign_of(negative, spec.sign), spec, '>');
}

Text format_text(Runtime& runtime, const Text& text, const FormatSpec& spec) {
  if (spec.precision < 0) {
    return pad(runtime, text, "", spec, '<');
  }
  const size_t end = byte_offset(text.bytes, spec.precision);
  return pad(runtime, slice(text, 0, end), "", spec, '<');
}

Text format_value(
    Runtime& runtime,
    const Value& value,
    std::string_view specification) {
  if (specification.empty()) {
    return text_of(runtime, value);
  }
  FormatSpec spec = SpecParser(specification).parse();
  if (value.is_string()) {
    if ((spec.type != '\0' && spec.type != 's') || spec.grouping != '\0') {
      raise_code(spec.type, value);
    }
    if (spec.align == '=') {
      raise("'=' alignment not allowed in string format specifier");
    }
    return format_text(runtime, value.text(), spec);
  }
  if (spec.zero && spec.align == '\0') {
    spec.align = '=';  // zeros go after the sign
  }
  if (value.is_integral()) {
    if (std::string_view("bcdnoxXeEfFgG%").find(spec.type) ==
            std::string_view::npos &&
        spec.type != '\0') {
      raise_code(spec.type, value);
    }
    const bool as_real = spec.type != '\0' &&
        std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
    if (spec.precision >= 0 && !as_real) {
      raise("Precision not allowed in integer format specifier");
    }
    return format_integer(runtime, value.integer(), spec);
  }
  if (value.is_real()) {
    if (std::string_view("neEfFgG%").find(spec.type) ==
            std::string_view::npos &&
        spec.type != '\0') {
      raise_code(spec.type, value);
    }
    return format_real(runtime, value.real(), spec);
  }
  raise("unsupported format string passed to {}.__format__", type_name(value));
}

}  // namespace bantam::jinja
