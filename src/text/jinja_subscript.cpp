// SPDX-License-Identifier: MIT
// `object.name`, `object[key]` and `object[start:stop:step]`.
#include <algorithm>
#include <limits>

#include "text/jinja_methods.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"
#include "text/jinja_unicode.h"

namespace bantam::jinja {

namespace {

Value missing(
    Undefined::Cause cause,
    const Value& owner,
    std::string_view name) {
  return std::make_shared<const Undefined>(
      Undefined{cause, std::string(name), object_type_name(owner)});
}

// getattr(object, name) of Python; nullopt for AttributeError.
std::optional<Value> python_attribute(
    Runtime& runtime,
    const Value& object,
    std::string_view name) {
  if (name.size() > 4 && name.starts_with("__") && name.ends_with("__")) {
    return missing(Undefined::Cause::unsafe, object, name);
  }
  if (object.is_object()) {
    if (const Function method = object.object()->method(name)) {
      return bind_method(runtime, object, name, method);
    }
    auto value = object.object()->attribute(runtime, name);
    return value && name.starts_with("_")
        ? missing(Undefined::Cause::unsafe, object, name)
        : value;
  }
  const MethodLookup found = find_method(object, name);
  switch (found.access) {
    case Access::method:
      return bind_method(runtime, object, name, found.function);
    case Access::forbidden:
      return missing(Undefined::Cause::unsafe, object, name);
    case Access::unsupported:
      raise_unsupported("{}", suggest_method(object, name));
    case Access::absent:
      break;
  }
  if (object.is_sequence() && object.sequence().kind == SequenceKind::group) {
    if (name == "grouper" || name == "list") {
      return object.sequence().items[name == "list"];
    }
  }
  return std::nullopt;
}

// object[index] of a string or sequence; nullopt for IndexError.
std::optional<Value> at_index(
    Runtime& runtime,
    const Value& object,
    int64_t index) {
  if (object.is_sequence()) {
    const Values& items = object.sequence().items;
    const auto size = static_cast<int64_t>(items.size());
    index += index < 0 ? size : 0;
    return index < 0 || index >= size ? std::nullopt
                                      : std::optional(items[index]);
  }
  const Text& text = object.text();
  runtime.meter.work_on_bytes(text.size());
  if (index < 0) {
    index += count_characters(text.bytes);
  }
  const size_t begin = index < 0 ? text.size() : byte_offset(text.bytes, index);
  if (begin >= text.size()) {
    return std::nullopt;
  }
  int length = 0;
  character_at(text.bytes, begin, length);
  return runtime.string(
      slice(text, begin, begin + length), object.string().markup);
}

struct Bounds {
  int64_t start;
  int64_t count;
  int64_t step;
};

int64_t slice_index(const Value& value) {
  if (!value.is_integral()) {
    raise("slice indices must be integers or None or have an __index__ method");
  }
  return as_index(value);
}

// PySlice_AdjustIndices.
Bounds bounds_of(
    int64_t length,
    const Value& start,
    const Value& stop,
    const Value& step) {
  const int64_t by = step.is_none() ? 1 : slice_index(step);
  if (by == 0) {
    raise("slice step cannot be zero");
  }
  const auto clip = [&](const Value& value, int64_t otherwise) {
    if (value.is_none()) {
      return otherwise;
    }
    int64_t index = slice_index(value);
    index += index < 0 ? length : 0;
    return by < 0 ? std::clamp<int64_t>(index, -1, length - 1)
                  : std::clamp<int64_t>(index, 0, length);
  };
  const int64_t first = clip(start, by < 0 ? length - 1 : 0);
  const int64_t last = clip(stop, by < 0 ? -1 : length);
  const int64_t span = by < 0 ? first - last : last - first;
  // `by` may be as low as -INT64_MAX, which has an absolute value.
  const int64_t stride = by < 0 ? -by : by;
  return {first, span <= 0 ? 0 : (span - 1) / stride + 1, by};
}

Value slice_string(
    Runtime& runtime,
    const String& string,
    const Value& start,
    const Value& stop,
    const Value& step) {
  const Text& text = string.text;
  runtime.meter.work_on_bytes(text.size());
  const Bounds bounds =
      bounds_of(count_characters(text.bytes), start, stop, step);
  Text result;
  if (bounds.step == 1 && bounds.count > 0) {
    const size_t begin = byte_offset(text.bytes, bounds.start);
    const auto rest = std::string_view(text.bytes).substr(begin);
    result.append(text, begin, begin + byte_offset(rest, bounds.count));
  } else if (bounds.count > 0) {
    runtime.meter.expect(text.size() * sizeof(size_t));
    runtime.meter.work_on_bytes(text.size() * sizeof(size_t));
    const std::vector<size_t> starts = character_starts(text.bytes);
    for (int64_t i = 0; i < bounds.count; ++i) {
      const int64_t at = bounds.start + i * bounds.step;
      result.append(text, starts[at], starts[at + 1]);
    }
  }
  return runtime.string(std::move(result), string.markup);
}

}  // namespace

Value get_attribute(
    Runtime& runtime,
    const Value& object,
    std::string_view name) {
  if (object.is_undefined()) {
    raise("{}", object.undefined().message());
  }
  if (auto value = python_attribute(runtime, object, name)) {
    return *value;
  }
  if (object.is_dict()) {
    if (const Value* value = object.dict().find(name)) {
      return *value;
    }
  }
  return missing(Undefined::Cause::attribute, object, name);
}

Value get_item(Runtime& runtime, const Value& object, const Value& key) {
  if (object.is_undefined()) {
    raise("{}", object.undefined().message());
  }
  const bool hashable =
      !key.is_dict() && !(key.is_sequence() && !key.sequence().is_tuple());
  if (object.is_dict() && hashable) {
    runtime.meter.work(weight_of(key));
    if (const Value* value = object.dict().find(key)) {
      return *value;
    }
  } else if (
      key.is_integral() &&
      (object.is_string() ||
       (object.is_sequence() && !object.sequence().is_view()))) {
    if (const auto value = at_index(runtime, object, as_index(key))) {
      return *value;
    }
  }
  if (!key.is_string()) {
    return missing(
        Undefined::Cause::element, object, repr_of(runtime, key).bytes);
  }
  if (auto value = python_attribute(runtime, object, key.text().bytes)) {
    return *value;
  }
  return missing(Undefined::Cause::attribute, object, key.text().bytes);
}

Value get_slice(
    Runtime& runtime,
    const Value& object,
    const Value& start,
    const Value& stop,
    const Value& step) {
  if (object.is_undefined()) {
    raise("{}", object.undefined().message());
  }
  if (object.is_string()) {
    return slice_string(runtime, object.string(), start, stop, step);
  }
  if (!object.is_sequence() || object.sequence().is_view()) {
    raise("'{}' object is not subscriptable", type_name(object));
  }
  const Sequence& sequence = object.sequence();
  const Bounds bounds =
      bounds_of(static_cast<int64_t>(sequence.items.size()), start, stop, step);
  runtime.meter.expect(bounds.count * sizeof(Value));
  Values items;
  items.reserve(bounds.count);
  for (int64_t i = 0; i < bounds.count; ++i) {
    items.push_back(sequence.items[bounds.start + i * bounds.step]);
  }
  const bool group = sequence.kind == SequenceKind::group;
  return runtime.sequence(
      group ? SequenceKind::tuple : sequence.kind, std::move(items));
}

}  // namespace bantam::jinja
