// SPDX-License-Identifier: MIT
// Looking up methods, and those of list, tuple and dict.
#include "text/jinja_methods.h"

#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "text/jinja_operators.h"
#include "text/jinja_repr.h"

namespace bantam::jinja {

namespace {

class BoundMethod : public Object {
 public:
  BoundMethod(Value subject, std::string name, Function function)
      : subject_(std::move(subject)),
        name_(std::move(name)),
        function_(function) {}

  std::string_view type_name() const override {
    return "builtin_function_or_method";
  }
  std::string repr(Runtime&) override {
    return fmt::format(
        "<built-in method {} of {} object>", name_, jinja::type_name(subject_));
  }
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override {
    return function_(runtime, subject_, arguments);
  }

 private:
  Value subject_;
  std::string name_;
  Function function_;
};

// What the sandbox of jinja2 hides.
constexpr std::array<std::string_view, 8> kListChanges =
    {"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"};
constexpr std::array<std::string_view, 5> kDictChanges =
    {"clear", "pop", "popitem", "setdefault", "update"};

constexpr std::array<std::string_view, 6> kOtherStringMethods = {
    "encode",
    "isidentifier",
    "maketrans",
    "translate",
    "expandtabs",
    "format_map"};
constexpr std::array<std::string_view, 15> kOtherNumberAttributes = {
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "denominator",
    "from_bytes",
    "imag",
    "numerator",
    "real",
    "to_bytes",
    "fromhex",
    "hex",
    "is_integer",
    "__float__",
    "__int__"};

template <size_t N>
bool is_one_of(
    const std::array<std::string_view, N>& names,
    std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::span<const NamedFunction> methods_of(const Value& value) {
  if (value.is_string()) {
    return string_methods();
  }
  if (value.is_dict()) {
    return dict_methods();
  }
  const bool has_methods = value.is_sequence() && !value.sequence().is_view();
  return has_methods ? sequence_methods() : std::span<const NamedFunction>();
}

Value list_index(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("index", arguments, {"value", "start", "stop"}, 1);
  const Values& items = self.sequence().items;
  const auto size = static_cast<int64_t>(items.size());
  const auto clip = [&](const Value* value, int64_t otherwise) {
    const int64_t index = value ? as_index(*value) : otherwise;
    return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size);
  };
  const int64_t stop = clip(bound[2], size);
  for (int64_t i = clip(bound[1], 0); i < stop; ++i) {
    if (same(runtime, items[i], *bound[0])) {
      return i;
    }
  }
  raise("{} is not in list", repr_of(runtime, *bound[0]).bytes);
}

Value list_count(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("count", arguments, {"value"}, 1);
  int64_t count = 0;
  for (const Value& item : self.sequence().items) {
    count += same(runtime, item, *bound[0]);
  }
  return count;
}

Value list_copy(Runtime&, const Value& self, Arguments& arguments) {
  bind("copy", arguments, {});
  return self;
}

Value dict_get(Runtime& runtime, const Value& self, Arguments& arguments) {
  const auto bound = bind("get", arguments, {"key", "default"}, 1);
  runtime.meter.work(weight_of(*bound[0]));
  const Value* value = self.dict().find(*bound[0]);
  return value ? *value : bound[1] ? *bound[1] : Value();
}

Value dict_keys(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind("keys", arguments, {});
  Values keys;
  for (const auto& [key, value] : self.dict().items) {
    keys.push_back(key);
  }
  return runtime.sequence(SequenceKind::keys, std::move(keys));
}

Value dict_values(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind("values", arguments, {});
  Values values;
  for (const auto& [key, value] : self.dict().items) {
    values.push_back(value);
  }
  return runtime.sequence(SequenceKind::values, std::move(values));
}

Value dict_items(Runtime& runtime, const Value& self, Arguments& arguments) {
  bind("items", arguments, {});
  Values items;
  for (const auto& [key, value] : self.dict().items) {
    items.push_back(runtime.tuple({key, value}));
  }
  return runtime.sequence(SequenceKind::items, std::move(items));
}

Value dict_copy(Runtime&, const Value& self, Arguments& arguments) {
  bind("copy", arguments, {});
  return self;
}

constexpr NamedFunction kSequenceMethods[] = {
    {"index", list_index},
    {"count", list_count},
    {"copy", list_copy}};

constexpr NamedFunction kDictMethods[] = {
    {"get", dict_get},
    {"keys", dict_keys},
    {"values", dict_values},
    {"items", dict_items},
    {"copy", dict_copy},
    {"fromkeys", dict_fromkeys}};

}  // namespace

Value dict_fromkeys(Runtime& runtime, const Value&, Arguments& arguments) {
  const auto bound = bind("fromkeys", arguments, {"iterable", "value"}, 1);
  std::vector<std::pair<Value, Value>> entries;
  for (Value& key : items_of(runtime, *bound[0])) {
    entries.emplace_back(std::move(key), bound[1] ? *bound[1] : Value());
  }
  return runtime.dict(std::move(entries));
}

std::span<const NamedFunction> sequence_methods() {
  return kSequenceMethods;
}
std::span<const NamedFunction> dict_methods() {
  return kDictMethods;
}

MethodLookup find_method(const Value& value, std::string_view name) {
  const bool is_list =
      value.is_sequence() && value.sequence().kind == SequenceKind::list;
  for (const NamedFunction& method : methods_of(value)) {
    if (method.name == name && (name != "copy" || is_list || value.is_dict())) {
      return {Access::method, method.function};
    }
  }
  if ((is_list && is_one_of(kListChanges, name)) ||
      (value.is_dict() && is_one_of(kDictChanges, name))) {
    return {Access::forbidden};
  }
  if ((value.is_string() && is_one_of(kOtherStringMethods, name)) ||
      (value.is_number() && is_one_of(kOtherNumberAttributes, name))) {
    return {Access::unsupported};
  }
  return {Access::absent};
}

std::string suggest_method(const Value& value, std::string_view name) {
  if (find_method(value, name).access == Access::unsupported) {
    return fmt::format(
        "method '{}' of '{}' is not supported", name, type_name(value));
  }
  constexpr size_t kLongestName = 64;
  std::vector<std::string> names;
  if (name.size() > kLongestName) {
    return "";
  }
  for (const NamedFunction& method : methods_of(value)) {
    names.emplace_back(method.name);
  }
  const std::string near = nearest(name, names);
  return near.empty() ? "" : fmt::format(", did you mean '{}'?", near);
}

Value bind_method(
    Runtime& runtime,
    const Value& subject,
    std::string_view name,
    Function function) {
  return static_cast<Object*>(
      runtime.make<BoundMethod>(subject, std::string(name), function));
}

}  // namespace bantam::jinja
