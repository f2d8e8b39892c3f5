// SPDX-License-Identifier: MIT
// The tables of filters, tests and global functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "text/jinja_runtime.h"

namespace bantam::jinja {

/// nullptr if there is none of that name.
Function find_filter(std::string_view name);
Function find_test(std::string_view name);
/// A global function or nullptr.
Function find_global(std::string_view name);

/// "no filter named 'trmi', did you mean 'trim'?"
std::string describe_unknown(bool filter, std::string_view name);

/// The parts of the tables.
std::span<const NamedFunction> string_filters();
std::span<const NamedFunction> layout_filters();
std::span<const NamedFunction> number_filters();
std::span<const NamedFunction> sequence_filters();
std::span<const NamedFunction> selection_filters();
std::span<const NamedFunction> tests();
std::span<const NamedFunction> global_functions();

/// Applies a filter or test by name, as `map` and `select` do. Raises
/// unsupported for an unknown name.
Value apply_by_name(
    Runtime& runtime,
    bool filter,
    std::string_view name,
    const Value& subject,
    Arguments& arguments);

/// `attribute='a.b.0'` of sort, map, ...: follows the parts one by one.
class AttributePath {
 public:
  /// None: the value itself.
  AttributePath(Runtime& runtime, const Value& attribute);
  /// `otherwise`, when given, stands for every undefined part.
  Value of(const Value& item, const Value* otherwise = nullptr) const;

 private:
  Runtime& runtime_;
  Values parts_;
};

/// A global function as a value ({{ range }}, `range is callable`).
Value global_value(Runtime& runtime, std::string_view name, Function function);

}  // namespace bantam::jinja
