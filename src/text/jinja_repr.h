// SPDX-License-Identifier: MIT
// str() and repr() of values, and Python's spelling of numbers.
#pragma once

#include <string>
#include <string_view>

#include "text/jinja_runtime.h"
#include "text/jinja_value.h"

namespace bantam::jinja {

std::string integer_text(Integer value);
/// repr(float): the shortest digits that read back the same.
std::string real_text(double value);

/// str(value). Any input within a container marks the whole text.
Text text_of(Runtime& runtime, const Value& value);
/// repr(value).
Text repr_of(Runtime& runtime, const Value& value);

/// Strings lend their text, everything else makes one.
class TextView {
 public:
  TextView(Runtime& runtime, const Value& value);
  const Text& operator*() const { return lent_ ? *lent_ : made_; }
  const Text* operator->() const { return &**this; }

 private:
  const Text* lent_ = nullptr;
  Text made_;
};

/// repr() of a string.
std::string quote(std::string_view text);

}  // namespace bantam::jinja
