// SPDX-License-Identifier: MIT
// The clock of memory samples.
#pragma once

namespace bantam {

/// Seconds on a clock that only rises and stands still while the machine
/// sleeps: CLOCK_MONOTONIC on Linux, CLOCK_UPTIME_RAW on macOS.
double uptime_seconds() noexcept;

}  // namespace bantam
