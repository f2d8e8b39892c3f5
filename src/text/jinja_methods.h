// SPDX-License-Identifier: MIT
// The methods that Python's str, list, tuple and dict have, bound to values.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/jinja_runtime.h"

namespace bantam::jinja {

std::span<const NamedFunction> string_methods();
std::span<const NamedFunction> sequence_methods();
std::span<const NamedFunction> dict_methods();

enum class Access : uint8_t {
  absent,       // no such attribute: jinja2 goes on with object[name]
  method,       // `function` is it
  forbidden,    // the sandbox hides it (it would change the value)
  unsupported,  // Python has it, bantam does not
};

struct MethodLookup {
  Access access;
  Function function = nullptr;
};

/// Looks up getattr(value, name) for values that are not Objects.
MethodLookup find_method(const Value& value, std::string_view name);

/// "method 'encod' of str; did you mean 'encode'": for a call of something
/// that is no method at all.
std::string suggest_method(const Value& value, std::string_view name);

/// dict.fromkeys, of the type and of its instances alike.
Value dict_fromkeys(Runtime& runtime, const Value& self, Arguments& arguments);

/// A method with its subject, as a value.
Value bind_method(
    Runtime& runtime,
    const Value& subject,
    std::string_view name,
    Function function);

}  // namespace bantam::jinja
