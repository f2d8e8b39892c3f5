// SPDX-License-Identifier: MIT
// What is to answer: bantam itself or mlx-lm, and whether the pin allows what
// is here.
#pragma once

#include <vector>

#include "config/run_config.h"
#include "engine/doctor.h"

namespace bantam {

/// Throws invalid_request if runtime.version_pin excludes this bantam, or
/// contradicts what the other settings ask of mlx-lm.
void check_framework(const RunConfig& config);

/// For a command that only bantam itself can do ("bantam serve"): throws
/// invalid_request if another framework is to answer.
void require_own_framework(const RunConfig& config, const char* command);

/// What doctor says of bantam's own pin.
std::vector<Finding> own_findings(const RunConfig& config);

}  // namespace bantam
