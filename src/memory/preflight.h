// SPDX-License-Identifier: MIT
// May a run start, as far as memory pressure goes? Whether it fits is the
// plan's question.
#pragma once

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "machine/memory_sample.h"

namespace bantam {

struct PreflightSettings {
  /// Levels below it are fine, as in GuardSettings.
  Pressure threshold = Pressure::yellow;
  /// Start whatever the level, or although it cannot be read.
  bool allow_pressure = false;
  bool allow_unknown = false;
};

/// The run may start. What was allowed, and what is odd, is in `warnings`, one
/// sentence each.
struct Clear {
  Pressure pressure = Pressure::unknown;
  /// For GuardSettings::unknown_accepted.
  bool unknown_accepted = false;
  std::vector<std::string> warnings;
};

/// The run must not start (ErrorCode::insufficient_memory): why, and what to
/// do about it, one line.
struct Refused {
  Pressure pressure = Pressure::unknown;
  std::string reason;
};

/// Judges the worst level of `samples`, oldest first: green now is no proof
/// after yellow a moment ago. Unknown if the last sample does not know, or
/// there is none: a machine that was green need not be.
std::variant<Clear, Refused> check_before_run(
    std::span<const MemorySample> samples,
    const PreflightSettings& settings = {});

}  // namespace bantam
