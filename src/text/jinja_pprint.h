// SPDX-License-Identifier: MIT
// pprint.pformat(): repr() broken into lines of 80 characters.
#pragma once

#include "text/jinja_runtime.h"

namespace bantam::jinja {

Text pretty_text(Runtime& runtime, const Value& value);

}  // namespace bantam::jinja
