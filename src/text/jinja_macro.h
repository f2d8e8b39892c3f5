// SPDX-License-Identifier: MIT
// A macro, or the body of a call block, as a value.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja_interpreter.h"

namespace bantam::jinja {

class Macro : public Object {
 public:
  Macro(Interpreter& interpreter, const Signature& signature, Scope& closure)
      : interpreter_(interpreter), signature_(signature), closure_(closure) {}

  std::string_view type_name() const override { return "Macro"; }
  std::string repr(Runtime&) override {
    return fmt::format("<Macro '{}'>", signature_.name);
  }
  std::optional<Value> attribute(Runtime& runtime, std::string_view name)
      override {
    return name == "name" ? std::optional(runtime.string(signature_.name))
                          : std::nullopt;
  }
  bool is_callable() const override { return true; }
  Value call(Runtime&, Arguments& arguments) override {
    return interpreter_.call_signature(signature_, closure_, arguments);
  }

 private:
  Interpreter& interpreter_;
  const Signature& signature_;
  Scope& closure_;
};

}  // namespace bantam::jinja
