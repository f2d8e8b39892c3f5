// SPDX-License-Identifier: MIT
// The tables as one, and what filters share.
#include "text/jinja_filters.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "base/suggest.h"
#include "text/jinja_operators.h"

namespace bantam::jinja {

namespace {

using Table = std::unordered_map<std::string_view, Function>;

Table make_filters() {
  Table table;
  for (const auto part :
       {string_filters(),
        layout_filters(),
        number_filters(),
        sequence_filters(),
        selection_filters()}) {
    for (const NamedFunction& filter : part) {
      table.emplace(filter.name, filter.function);
    }
  }
  return table;
}

const Table& filter_table() {
  static const Table table = make_filters();
  return table;
}

const Table& test_table() {
  static const Table table = [] {
    Table made;
    for (const NamedFunction& test : tests()) {
      made.emplace(test.name, test.function);
    }
    return made;
  }();
  return table;
}

Function find_in(const Table& table, std::string_view name) {
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

class GlobalFunction : public Object {
 public:
  GlobalFunction(std::string_view name, Function function)
      : name_(name), function_(function) {}

  std::string_view type_name() const override { return "function"; }
  std::string repr(Runtime&) override {
    return fmt::format("<function {}>", name_);
  }
  bool is_callable() const override { return true; }
  Value call(Runtime& runtime, Arguments& arguments) override {
    return function_(runtime, Value(), arguments);
  }
  Function method(std::string_view name) const override {
    return name_ == "dict" && name == "fromkeys" ? find_global("dict.fromkeys")
                                                 : nullptr;
  }

 private:
  std::string name_;
  Function function_;
};

}  // namespace

Function find_filter(std::string_view name) {
  return find_in(filter_table(), name);
}

Function find_test(std::string_view name) {
  return find_in(test_table(), name);
}

Function find_global(std::string_view name) {
  for (const NamedFunction& global : global_functions()) {
    if (global.name == name) {
      return global.function;
    }
  }
  return nullptr;
}

std::string describe_unknown(bool filter, std::string_view name) {
  // jinja2 has these; what they do has no place in a prompt.
  constexpr std::array<std::string_view, 2> kLeftOut = {"random", "urlize"};
  const std::string_view kind = filter ? "filter" : "test";
  if (filter &&
      std::find(kLeftOut.begin(), kLeftOut.end(), name) != kLeftOut.end()) {
    return fmt::format("filter '{}' is not supported", name);
  }
  constexpr size_t kLongestName = 64;
  if (name.size() > kLongestName) {
    return fmt::format("no such {}", kind);
  }
  std::vector<std::string> names;
  for (const auto& [known, function] : filter ? filter_table() : test_table()) {
    names.emplace_back(known);
  }
  std::sort(names.begin(), names.end());
  const std::string near = nearest(name, names);
  return near.empty()
      ? fmt::format("no {} named '{}'", kind, name)
      : fmt::format("no {} named '{}', did you mean '{}'?", kind, name, near);
}

Value apply_by_name(
    Runtime& runtime,
    bool filter,
    std::string_view name,
    const Value& subject,
    Arguments& arguments) {
  const Function function = filter ? find_filter(name) : find_test(name);
  if (!function) {
    raise_unsupported("{}", describe_unknown(filter, name));
  }
  return function(runtime, subject, arguments);
}

AttributePath::AttributePath(Runtime& runtime, const Value& attribute)
    : runtime_(runtime) {
  if (attribute.is_none()) {
    return;
  }
  if (!attribute.is_string()) {
    parts_.push_back(attribute);
    return;
  }
  std::string_view rest = attribute.text().bytes;
  while (true) {
    const size_t dot = std::min(rest.find('.'), rest.size());
    const auto part = rest.substr(0, dot);
    const bool number = !part.empty() && part.size() < 10 &&
        part.find_first_not_of("0123456789") == part.npos;
    parts_.push_back(
        number ? Value(std::stoi(std::string(part))) : runtime.string(part));
    if (dot == rest.size()) {
      break;
    }
    rest.remove_prefix(dot + 1);
  }
}

Value AttributePath::of(const Value& item, const Value* otherwise) const {
  Value value = item;
  for (const Value& part : parts_) {
    value = get_item(runtime_, value, part);
    if (otherwise && !otherwise->is_none() && value.is_undefined()) {
      value = *otherwise;
    }
  }
  return value;
}

Value global_value(Runtime& runtime, std::string_view name, Function function) {
  return static_cast<Object*>(runtime.make<GlobalFunction>(name, function));
}

}  // namespace bantam::jinja
