// SPDX-License-Identifier: MIT
// Is the MLX that is loaded the one that pins.txt names?
#pragma once

#include "engine/doctor.h"

namespace bantam {

/// Throws unavailable if it is of another version than this build is for.
void check_mlx_version();

/// The same as a finding, and the checksum of the library beside that of the
/// pinned wheel's. Reads the library: a tenth of a second.
Finding mlx_finding();

}  // namespace bantam
