// SPDX-License-Identifier: MIT
// What may follow `is`.
#include "text/jinja_filters.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_strings.h"

namespace bantam::jinja {

namespace {

template <bool (*test)(const Value&)>
Value plain(Runtime&, const Value& subject, Arguments& arguments) {
  bind("test", arguments, {});
  return test(subject);
}

bool is_defined(const Value& value) {
  return !value.is_undefined();
}
bool is_undefined(const Value& value) {
  return value.is_undefined();
}
bool is_none(const Value& value) {
  return value.is_none();
}
bool is_boolean(const Value& value) {
  return value.is_bool();
}
bool is_true(const Value& value) {
  return value.is_bool() && value.boolean();
}
bool is_false(const Value& value) {
  return value.is_bool() && !value.boolean();
}
bool is_integer(const Value& value) {
  return value.is_integer();
}
bool is_float(const Value& value) {
  return value.is_real();
}
bool is_number(const Value& value) {
  return value.is_number();
}
bool is_string(const Value& value) {
  return value.is_string();
}
bool is_mapping(const Value& value) {
  return value.is_dict();
}
bool is_escaped(const Value& value) {
  return value.is_string() && value.string().markup;
}
// Anything with a length and subscription, which dicts and undefined have.
bool is_sequence(const Value& value) {
  return value.is_string() || value.is_dict() || value.is_undefined() ||
      (value.is_sequence() && !value.sequence().is_view());
}
bool is_callable(const Value& value) {
  return value.is_undefined() ||
      (value.is_object() && value.object()->is_callable());
}

template <int rest>
Value parity(Runtime& runtime, const Value& subject, Arguments& arguments) {
  bind("parity", arguments, {});
  return same(
      runtime, calculate(runtime, subject, Arithmetic::mod, 2), Value(rest));
}

Value divisible_by(Runtime& runtime, const Value& subject, Arguments& args) {
  const auto bound = bind("divisibleby", args, {"num"}, 1);
  return same(
      runtime,
      calculate(runtime, subject, Arithmetic::mod, *bound[0]),
      Value(0));
}

template <bool upper>
Value is_cased(Runtime& runtime, const Value& subject, Arguments& arguments) {
  bind("case", arguments, {});
  return is_all_cased(runtime, *TextView(runtime, subject), upper);
}

Value same_as(Runtime&, const Value& subject, Arguments& arguments) {
  const Value& other = *bind("sameas", arguments, {"other"}, 1)[0];
  if (subject.identity() || other.identity()) {
    // Equal constants of a template need not be one object in Python either.
    return subject.identity() == other.identity();
  }
  const bool same_kind = subject.is_none() == other.is_none() &&
      subject.is_bool() == other.is_bool() &&
      subject.is_real() == other.is_real() &&
      subject.is_undefined() == other.is_undefined();
  return same_kind && !subject.is_undefined() && equals(subject, other);
}

Value in_test(Runtime& runtime, const Value& subject, Arguments& arguments) {
  const auto bound = bind("in", arguments, {"seq"}, 1);
  return contains(runtime, *bound[0], subject);
}

template <bool wanted>
Value equal(Runtime& runtime, const Value& subject, Arguments& arguments) {
  const auto bound = bind("eq", arguments, {"other"}, 1);
  return same(runtime, subject, *bound[0]) == wanted;
}

template <Order order>
Value compared(Runtime& runtime, const Value& subject, Arguments& arguments) {
  const auto bound = bind("compare", arguments, {"other"}, 1);
  return ordered(runtime, subject, order, *bound[0]);
}

template <bool filter>
Value is_known(Runtime& runtime, const Value& subject, Arguments& arguments) {
  bind("filter", arguments, {});
  const std::string name = text_of(runtime, subject).bytes;
  return (filter ? find_filter(name) : find_test(name)) != nullptr;
}

constexpr NamedFunction kTests[] = {
    {"odd", parity<1>},
    {"even", parity<0>},
    {"divisibleby", divisible_by},
    {"defined", plain<is_defined>},
    {"undefined", plain<is_undefined>},
    {"filter", is_known<true>},
    {"test", is_known<false>},
    {"none", plain<is_none>},
    {"boolean", plain<is_boolean>},
    {"false", plain<is_false>},
    {"true", plain<is_true>},
    {"integer", plain<is_integer>},
    {"float", plain<is_float>},
    {"lower", is_cased<false>},
    {"upper", is_cased<true>},
    {"string", plain<is_string>},
    {"mapping", plain<is_mapping>},
    {"number", plain<is_number>},
    {"sequence", plain<is_sequence>},
    {"iterable", plain<is_iterable>},
    {"callable", plain<is_callable>},
    {"sameas", same_as},
    {"escaped", plain<is_escaped>},
    {"in", in_test},
    {"==", equal<true>},
    {"eq", equal<true>},
    {"equalto", equal<true>},
    {"!=", equal<false>},
    {"ne", equal<false>},
    {">", compared<Order::greater>},
    {"gt", compared<Order::greater>},
    {"greaterthan", compared<Order::greater>},
    {">=", compared<Order::greater_equal>},
    {"ge", compared<Order::greater_equal>},
    {"<", compared<Order::less>},
    {"lt", compared<Order::less>},
    {"lessthan", compared<Order::less>},
    {"<=", compared<Order::less_equal>},
    {"le", compared<Order::less_equal>},
};

}  // namespace

std::span<const NamedFunction> tests() {
  return kTests;
}

}  // namespace bantam::jinja
