// SPDX-License-Identifier: MIT
// Python's operators on values: truth, equality, order, arithmetic,
// membership, subscription. Every function may raise what Python raises.
#pragma once

#include <cstdint>
#include <string_view>

#include "text/jinja_runtime.h"
#include "text/jinja_value.h"

namespace bantam::jinja {

/// type(value).__name__
std::string_view type_name(const Value& value);
/// What jinja2 calls it in "'dict object' has no attribute 'x'".
std::string object_type_name(const Value& value);

bool truth(Runtime& runtime, const Value& value);

/// The truth of an argument that may be missing.
inline bool flag(
    Runtime& runtime,
    const Value* argument,
    bool otherwise = false) {
  return argument ? truth(runtime, *argument) : otherwise;
}

/// `==`. The cost is at most the smaller weight_of() of the two; callers that
/// a template can repeat must meter it (see same()).
bool equals(const Value& left, const Value& right);
/// `==`, metered.
bool same(Runtime& runtime, const Value& left, const Value& right);
/// hash(); raises "unhashable type: 'list'".
size_t hash(const Value& value);
size_t hash(std::string_view text);

enum class Order : uint8_t { less, less_equal, greater, greater_equal };
/// `<`, `<=`, `>`, `>=`, metered.
bool ordered(
    Runtime& runtime,
    const Value& left,
    Order order,
    const Value& right);

enum class Arithmetic : uint8_t { add, sub, mul, div, floordiv, mod, pow };
Value calculate(
    Runtime& runtime,
    const Value& left,
    Arithmetic operation,
    const Value& right);
Value negate(const Value& value);
Value positive(const Value& value);

/// `item in container`.
bool contains(Runtime& runtime, const Value& container, const Value& item);

/// len(); raises "object of type 'int' has no len()".
int64_t length_of(Runtime& runtime, const Value& value);

/// `object.name` and `object[key]` with jinja2's fallbacks from one to the
/// other; what is not there is undefined.
Value get_attribute(Runtime& runtime, const Value& object, std::string_view);
Value get_item(Runtime& runtime, const Value& object, const Value& key);
/// `object[start:stop:step]`; None where left out.
Value get_slice(
    Runtime& runtime,
    const Value& object,
    const Value& start,
    const Value& stop,
    const Value& step);

/// operator.index() as int64_t, clamped; raises "'str' object cannot be
/// interpreted as an integer".
int64_t as_index(const Value& value);

}  // namespace bantam::jinja
