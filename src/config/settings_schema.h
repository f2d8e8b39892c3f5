// SPDX-License-Identifier: MIT
// The table of settings as a JSON schema (draft 2020-12), for editors.
#pragma once

#include "base/json.h"

namespace bantam {

/// Accepts the files that parse_settings() accepts, except that it cannot see
/// duplicate keys, anchors and tags.
Json settings_schema();

}  // namespace bantam
