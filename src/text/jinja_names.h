// SPDX-License-Identifier: MIT
// Finds the variables that a frame sets before it reads them. jinja2 decides
// when it compiles which frame a name belongs to: one that a frame first
// stores is that frame's own from the start, so a loop or macro that reads it
// earlier sees nothing, not a variable of the same name outside.
#pragma once

#include "text/jinja_ast.h"

namespace bantam::jinja {

/// Fills `unset` of every frame of the template (jinja2/idtracking.py).
void find_unset_names(Template& parsed);

}  // namespace bantam::jinja
