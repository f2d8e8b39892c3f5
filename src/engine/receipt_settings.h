// SPDX-License-Identifier: MIT
// EngineOptions and Request as JSON and back, without loss.
#pragma once

#include "bantam/engine.h"
#include "base/json.h"

namespace bantam {

Json settings_json(const EngineOptions& options, const Request& request);

/// Fills `options` and `request` from settings_json's value. Throws
/// invalid_request, beginning with `source`, for a key that is missing, unknown
/// or of the wrong type.
void read_settings(
    const Json& settings,
    const std::string& source,
    EngineOptions& options,
    Request& request);

}  // namespace bantam
