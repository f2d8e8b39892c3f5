// SPDX-License-Identifier: MIT
// What is to answer: bantam itself or mlx-lm, and whether the pin allows what
// is here.
#pragma once

#include "config/run_config.h"

namespace bantam {

/// Throws invalid_request if runtime.version_pin excludes this bantam, or
/// contradicts what the other settings ask of mlx-lm; unavailable if another
/// framework than bantam is to answer.
void check_framework(const RunConfig& config);

}  // namespace bantam
