// SPDX-License-Identifier: MIT
// namespace(): the one thing a template can change from within a loop.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja_runtime.h"

namespace bantam::jinja {

class Namespace : public Object {
 public:
  std::string_view type_name() const override { return "Namespace"; }
  std::string repr(Runtime& runtime) override;
  std::optional<Value> attribute(Runtime&, std::string_view name) override;
  /// Raises for a name with a leading underscore, as transformers does.
  void set(Runtime& runtime, std::string_view name, Value value);

 private:
  std::vector<std::pair<std::string, Value>> attributes_;
};

}  // namespace bantam::jinja
