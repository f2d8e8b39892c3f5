// SPDX-License-Identifier: MIT
// What a run may take of the machine, whatever backend answers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "bantam/request.h"

namespace bantam {

/// The level of memory pressure that may last for 10 s and no longer. Red
/// always stops a run.
enum class PressureThreshold { yellow, red };

/// What growth of swap does: nothing but a note; stops the run if it is the
/// run's own or the run is the reason; stops the run whoever swaps.
enum class SwapAbort { off, on, strict };

/// What a run may take of the machine, and when it has to stop.
struct MemoryRules {
  int64_t budget_bytes = 0;  // 0: what the machine has available
  int64_t ram_bytes = 0;     // as if the machine had this much; 0: as it is
  /// Refuse to start while heavy applications hold what the run needs, or under
  /// memory pressure. If not, what was overridden is in the notes.
  bool clean_room = true;
  PressureThreshold threshold = PressureThreshold::yellow;
  SwapAbort abort_on_swap = SwapAbort::on;
  /// "live", or "replay:FILE" for a recorded trace.
  std::string source = "live";
  std::string record;  // write a trace of the run to this file; "": none
  /// The last resort: a stop was due 5 s ago and an evaluation does not
  /// return. Called on another thread with what there is; should end the
  /// process.
  std::function<void(const Result& so_far)> on_stuck;
};

}  // namespace bantam
