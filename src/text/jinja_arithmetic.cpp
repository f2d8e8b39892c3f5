// SPDX-License-Identifier: MIT
// + - * / // % ** as Python computes them.
#include <cmath>
#include <limits>

#include "text/jinja_escapes.h"
#include "text/jinja_format.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"

namespace bantam::jinja {

namespace {

std::string_view symbol(Arithmetic operation) {
  constexpr std::string_view kSymbols[] = {
      "+", "-", "*", "/", "//", "%", "** or pow()"};
  return kSymbols[static_cast<size_t>(operation)];
}

[[noreturn]] void raise_too_large() {
  raise("an integer beyond 127 bits, which bantam does not compute with");
}

Integer floor_divide(Integer a, Integer b) {
  const Integer quotient = a / b;
  return quotient - (a % b != 0 && (a < 0) != (b < 0));
}

Integer power(Integer base, Integer exponent) {
  Integer result = 1;
  while (exponent > 0) {
    if ((exponent & 1) && __builtin_mul_overflow(result, base, &result)) {
      raise_too_large();
    }
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) {
      raise_too_large();
    }
  }
  return result;
}

double divide(double a, double b, std::string_view what) {
  if (b == 0) {
    raise("{}", what);
  }
  return a / b;
}

// fmod with the sign of the divisor (CPython's float_rem).
double modulo(double a, double b) {
  if (b == 0) {
    raise("float modulo");
  }
  double rest = std::fmod(a, b);
  if (rest != 0 && (rest < 0) != (b < 0)) {
    rest += b;
  }
  return rest == 0 ? std::copysign(0.0, b) : rest;
}

// CPython's float_divmod: the quotient rounds to the nearest whole number.
double floor_divide(double a, double b) {
  if (b == 0) {
    raise("float floor division by zero");
  }
  const double rest = modulo(a, b);
  const double quotient = (a - rest) / b;
  if (quotient == 0) {
    return std::copysign(0.0, a / b);
  }
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

Value power(double base, double exponent) {
  if (base == 0 && exponent < 0) {
    raise("0.0 cannot be raised to a negative power");
  }
  if (base < 0 && exponent != std::floor(exponent) && std::isfinite(base)) {
    raise_unsupported("a complex number as the result of **");
  }
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    raise("(34, 'Numerical result out of range')");
  }
  return result;
}

Value calculate_integers(Integer a, Arithmetic operation, Integer b) {
  Integer result = 0;
  bool overflow = false;
  switch (operation) {
    case Arithmetic::add:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Arithmetic::sub:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Arithmetic::mul:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case Arithmetic::div:
      return divide(
          static_cast<double>(a), static_cast<double>(b), "division by zero");
    case Arithmetic::floordiv:
    case Arithmetic::mod:
      if (b == 0) {
        raise("integer division or modulo by zero");
      }
      if (b == -1) {  // the one quotient that can overflow
        overflow = __builtin_sub_overflow(Integer{0}, a, &result);
        result = operation == Arithmetic::mod ? 0 : result;
      } else {
        const Integer quotient = floor_divide(a, b);
        result = operation == Arithmetic::mod ? a - quotient * b : quotient;
      }
      break;
    case Arithmetic::pow:
      return b < 0 ? power(static_cast<double>(a), static_cast<double>(b))
                   : Value(power(a, b));
  }
  if (overflow) {
    raise_too_large();
  }
  return result;
}

Value calculate_reals(double a, Arithmetic operation, double b) {
  switch (operation) {
    case Arithmetic::add:
      return a + b;
    case Arithmetic::sub:
      return a - b;
    case Arithmetic::mul:
      return a * b;
    case Arithmetic::div:
      return divide(a, b, "float division by zero");
    case Arithmetic::floordiv:
      return floor_divide(a, b);
    case Arithmetic::mod:
      return modulo(a, b);
    case Arithmetic::pow:
      return power(a, b);
  }
  return {};
}

Value add_strings(Runtime& runtime, const String& a, const String& b) {
  runtime.meter.expect(a.text.size() + b.text.size());
  const bool markup = a.markup || b.markup;
  Text sum = markup && !a.markup ? escape_html(a.text) : a.text;
  sum.append(markup && !b.markup ? escape_html(b.text) : b.text);
  return runtime.string(std::move(sum), markup);
}

Value add_sequences(Runtime& runtime, const Sequence& a, const Sequence& b) {
  Values items;
  runtime.meter.expect((a.items.size() + b.items.size()) * sizeof(Value));
  items.reserve(a.items.size() + b.items.size());
  items.insert(items.end(), a.items.begin(), a.items.end());
  items.insert(items.end(), b.items.begin(), b.items.end());
  return runtime.sequence(
      a.is_tuple() ? SequenceKind::tuple : SequenceKind::list,
      std::move(items));
}

Value repeat(Runtime& runtime, const Value& value, const Value& times) {
  const auto count = static_cast<size_t>(std::max<int64_t>(0, as_index(times)));
  const size_t unit = value.is_string()
      ? value.text().size()
      : value.sequence().items.size() * sizeof(Value);
  if (unit > 0 && count > std::numeric_limits<size_t>::max() / unit) {
    runtime.meter.expect(std::numeric_limits<size_t>::max());
  }
  runtime.meter.expect(unit * count);
  runtime.meter.work_on_bytes(unit * count);
  if (value.is_string()) {
    Text result;
    result.bytes.reserve(unit * count);
    for (size_t i = 0; i < count && unit > 0; ++i) {
      result.append(value.text());
    }
    return runtime.string(std::move(result), value.string().markup);
  }
  const Sequence& sequence = value.sequence();
  Values items;
  items.reserve(sequence.items.size() * count);
  for (size_t i = 0; i < count && unit > 0; ++i) {
    items.insert(items.end(), sequence.items.begin(), sequence.items.end());
  }
  return runtime.sequence(
      sequence.is_tuple() ? SequenceKind::tuple : SequenceKind::list,
      std::move(items));
}

bool is_list(const Value& value) {
  return value.is_sequence() && value.sequence().kind == SequenceKind::list;
}

bool is_tuple(const Value& value) {
  return value.is_sequence() && value.sequence().is_tuple();
}

bool is_repeatable(const Value& value) {
  return value.is_string() || is_list(value) || is_tuple(value);
}

}  // namespace

Value calculate(
    Runtime& runtime,
    const Value& left,
    Arithmetic operation,
    const Value& right) {
  if (left.is_number() && right.is_number()) {
    return left.is_integral() && right.is_integral()
        ? calculate_integers(left.integer(), operation, right.integer())
        : calculate_reals(left.real(), operation, right.real());
  }
  if (operation == Arithmetic::mod && left.is_string()) {
    return format_percent(runtime, left.string(), right);
  }
  if (left.is_undefined() || right.is_undefined()) {
    const Value& missing = left.is_undefined() ? left : right;
    raise("{}", missing.undefined().message());
  }
  if (operation == Arithmetic::add) {
    if (left.is_string() && right.is_string()) {
      return add_strings(runtime, left.string(), right.string());
    }
    if ((is_list(left) && is_list(right)) ||
        (is_tuple(left) && is_tuple(right))) {
      return add_sequences(runtime, left.sequence(), right.sequence());
    }
    if (is_repeatable(left)) {
      raise(
          "can only concatenate {0} (not \"{1}\") to {0}",
          type_name(left),
          type_name(right));
    }
  }
  if (operation == Arithmetic::mul) {
    if (is_repeatable(left) && right.is_integral()) {
      return repeat(runtime, left, right);
    }
    if (left.is_integral() && is_repeatable(right)) {
      return repeat(runtime, right, left);
    }
  }
  raise(
      "unsupported operand type(s) for {}: '{}' and '{}'",
      symbol(operation),
      type_name(left),
      type_name(right));
}

Value negate(const Value& value) {
  if (value.is_integral()) {
    return calculate_integers(0, Arithmetic::sub, value.integer());
  }
  if (value.is_real()) {
    return -value.real();
  }
  if (value.is_undefined()) {
    raise("{}", value.undefined().message());
  }
  raise("bad operand type for unary -: '{}'", type_name(value));
}

Value positive(const Value& value) {
  if (value.is_integral()) {
    return value.integer();
  }
  if (value.is_real()) {
    return value;
  }
  if (value.is_undefined()) {
    raise("{}", value.undefined().message());
  }
  raise("bad operand type for unary +: '{}'", type_name(value));
}

}  // namespace bantam::jinja
