// SPDX-License-Identifier: MIT
#include "text/jinja_operators.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "text/jinja_repr.h"
#include "text/jinja_search.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

[[noreturn]] void raise_undefined(const Value& value) {
  raise("{}", value.undefined().message());
}

// An integral and a double are compared exactly, as Python does.
int compare_numbers(const Value& left, const Value& right) {
  constexpr double kIntegerLimit = 0x1p126;
  if (left.is_integral() && right.is_integral()) {
    const Integer a = left.integer();
    const Integer b = right.integer();
    return a < b ? -1 : a > b ? 1 : 0;
  }
  const double a = left.real();
  const double b = right.real();
  if (a == b && left.is_real() != right.is_real() &&
      std::abs(a) < kIntegerLimit) {
    const Value& real = left.is_real() ? left : right;
    const Value& integer = left.is_real() ? right : left;
    const Integer rounded = static_cast<Integer>(real.real());
    const Integer other = integer.integer();
    const int order = rounded < other ? -1 : rounded > other ? 1 : 0;
    return left.is_real() ? order : -order;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

bool is_unordered(const Value& left, const Value& right) {
  return std::isnan(left.real()) || std::isnan(right.real());
}

bool equal_items(const Values& left, const Values& right) {
  return std::equal(
      left.begin(), left.end(), right.begin(), right.end(), equals);
}

bool equal_sequences(const Sequence& left, const Sequence& right) {
  if (&left == &right) {
    return true;
  }
  // Views of keys and items compare as sets in Python, in order here; views
  // of values are only equal to themselves.
  const bool same_kind =
      (left.kind == right.kind && left.kind != SequenceKind::values) ||
      (left.is_tuple() && right.is_tuple());
  return same_kind && equal_items(left.items, right.items);
}

bool equal_dicts(const Dict& left, const Dict& right) {
  return &left == &right ||
      (left.items.size() == right.items.size() &&
       std::all_of(left.items.begin(), left.items.end(), [&](const auto& item) {
         const Value* other = right.find(item.first);
         return other && equals(item.second, *other);
       }));
}

std::string_view symbol(Order order) {
  switch (order) {
    case Order::less:
      return "<";
    case Order::less_equal:
      return "<=";
    case Order::greater:
      return ">";
    case Order::greater_equal:
      return ">=";
  }
  return "";
}

bool holds(int comparison, Order order) {
  switch (order) {
    case Order::less:
      return comparison < 0;
    case Order::less_equal:
      return comparison <= 0;
    case Order::greater:
      return comparison > 0;
    case Order::greater_equal:
      return comparison >= 0;
  }
  return false;
}

bool compare(const Value& left, Order order, const Value& right) {
  if (left.is_undefined() || right.is_undefined()) {
    raise_undefined(left.is_undefined() ? left : right);
  }
  if (left.is_number() && right.is_number()) {
    return !is_unordered(left, right) &&
        holds(compare_numbers(left, right), order);
  }
  if (left.is_string() && right.is_string()) {
    // The order of UTF-8 is the order of code points.
    return holds(left.text().bytes.compare(right.text().bytes), order);
  }
  if (left.is_sequence() && right.is_sequence()) {
    const Sequence& a = left.sequence();
    const Sequence& b = right.sequence();
    const bool lists =
        a.kind == SequenceKind::list && b.kind == SequenceKind::list;
    if (lists || (a.is_tuple() && b.is_tuple())) {
      const auto [at, other] = std::mismatch(
          a.items.begin(),
          a.items.end(),
          b.items.begin(),
          b.items.end(),
          equals);
      if (at != a.items.end() && other != b.items.end()) {
        return compare(*at, order, *other);
      }
      return holds(
          a.items.size() < b.items.size()       ? -1
              : a.items.size() > b.items.size() ? 1
                                                : 0,
          order);
    }
  }
  raise(
      "'{}' not supported between instances of '{}' and '{}'",
      symbol(order),
      type_name(left),
      type_name(right));
}

}  // namespace

std::string_view type_name(const Value& value) {
  if (value.is_object()) {
    return value.object()->type_name();
  }
  if (value.is_sequence()) {
    constexpr std::string_view kNames[] = {
        "list",
        "tuple",
        "range",
        "dict_keys",
        "dict_values",
        "dict_items",
        "_GroupTuple"};
    return kNames[static_cast<size_t>(value.sequence().kind)];
  }
  return value.is_none()   ? "NoneType"
      : value.is_bool()    ? "bool"
      : value.is_integer() ? "int"
      : value.is_real()    ? "float"
      : value.is_string()  ? (value.string().markup ? "Markup" : "str")
      : value.is_dict()    ? "dict"
                           : "Undefined";
}

std::string object_type_name(const Value& value) {
  return value.is_none() ? "None" : fmt::format("{} object", type_name(value));
}

bool truth(Runtime& runtime, const Value& value) {
  if (value.is_bool()) {
    return value.boolean();
  }
  if (value.is_string()) {
    return !value.text().bytes.empty();
  }
  if (value.is_number()) {
    return value.is_real() ? value.real() != 0 : value.integer() != 0;
  }
  if (value.is_sequence()) {
    return !value.sequence().items.empty();
  }
  if (value.is_dict()) {
    return !value.dict().items.empty();
  }
  if (value.is_object()) {
    return value.object()->length(runtime).value_or(1) != 0;
  }
  return false;
}

bool equals(const Value& left, const Value& right) {
  if (left.is_string() && right.is_string()) {
    return left.text().bytes == right.text().bytes;
  }
  if (left.is_number() && right.is_number()) {
    return !is_unordered(left, right) && compare_numbers(left, right) == 0;
  }
  if (left.is_sequence() && right.is_sequence()) {
    return equal_sequences(left.sequence(), right.sequence());
  }
  if (left.is_dict() && right.is_dict()) {
    return equal_dicts(left.dict(), right.dict());
  }
  if (left.is_object() && right.is_object()) {
    return left.object() == right.object();
  }
  return (left.is_none() && right.is_none()) ||
      (left.is_undefined() && right.is_undefined());
}

bool same(Runtime& runtime, const Value& left, const Value& right) {
  runtime.meter.work(std::min(weight_of(left), weight_of(right)));
  return equals(left, right);
}

size_t hash(std::string_view text) {
  return std::hash<std::string_view>()(text);
}

size_t hash(const Value& value) {
  if (value.is_string()) {
    return hash(std::string_view(value.text().bytes));
  }
  if (value.is_number()) {
    // Equal numbers of different types must have the same hash.
    return std::hash<double>()(value.real() + 0.0);
  }
  if (value.is_sequence() && value.sequence().is_tuple()) {
    size_t combined = 0x345678;
    for (const Value& item : value.sequence().items) {
      combined = combined * 1000003 ^ hash(item);
    }
    return combined;
  }
  if (value.is_dict() ||
      (value.is_sequence() && value.sequence().kind != SequenceKind::range)) {
    raise("unhashable type: '{}'", type_name(value));
  }
  return std::hash<const void*>()(value.identity());
}

bool ordered(
    Runtime& runtime,
    const Value& left,
    Order order,
    const Value& right) {
  runtime.meter.work(std::min(weight_of(left), weight_of(right)));
  return compare(left, order, right);
}

bool contains(Runtime& runtime, const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) {
      raise(
          "'in <string>' requires string as left operand, not {}",
          type_name(item));
    }
    runtime.meter.work_on_bytes(container.text().size());
    return find_words(container.text().bytes, item.text().bytes, 0) !=
        std::string::npos;
  }
  if (container.is_dict()) {
    runtime.meter.work(weight_of(item));
    return container.dict().find(item) != nullptr;
  }
  if (!is_iterable(container)) {
    raise("argument of type '{}' is not iterable", type_name(container));
  }
  Cursor cursor(runtime, container);
  for (Value candidate; cursor.next(candidate);) {
    if (same(runtime, candidate, item)) {
      return true;
    }
  }
  return false;
}

int64_t length_of(Runtime& runtime, const Value& value) {
  if (value.is_string()) {
    runtime.meter.work_on_bytes(value.text().size());
    return count_characters(value.text().bytes);
  }
  if (value.is_sequence()) {
    return static_cast<int64_t>(value.sequence().items.size());
  }
  if (value.is_dict()) {
    return static_cast<int64_t>(value.dict().items.size());
  }
  if (value.is_undefined()) {
    return 0;
  }
  if (value.is_object()) {
    if (const auto length = value.object()->length(runtime)) {
      return *length;
    }
  }
  raise("object of type '{}' has no len()", type_name(value));
}

int64_t as_index(const Value& value) {
  if (value.is_undefined()) {
    raise_undefined(value);
  }
  if (!value.is_integral()) {
    raise("'{}' object cannot be interpreted as an integer", type_name(value));
  }
  constexpr Integer kLimit = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(
      std::clamp(value.integer(), Integer{-kLimit}, kLimit));
}

}  // namespace bantam::jinja
