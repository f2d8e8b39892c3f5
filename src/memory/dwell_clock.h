// SPDX-License-Identifier: MIT
// How long memory pressure has been at yellow or worse, from samples that may
// flap, fail or not come at all.
#pragma once

#include <optional>

#include "machine/memory_sample.h"

namespace bantam {

/// Runs from the first sample at yellow or red until green has been seen for
/// kGreenReset_s without a break. A shorter dip counts as staying: a machine
/// that flaps is not well. Time between two known levels further apart than
/// kMaxGap_s is not counted, because nobody saw what happened in it; what was
/// counted before is kept, because a machine that thrashes also starves the
/// thread that samples. A sample whose level is unknown is no sample at all,
/// except that it interrupts green.
class DwellClock {
 public:
  static constexpr double kGreenReset_s = 2;
  static constexpr double kMaxGap_s = 2;

  /// `t_s` finite; going back in time is a gap.
  void step(double t_s, Pressure level);

  bool running() const { return start_s_.has_value(); }
  /// Up to the last known level; 0 if the clock does not run.
  double counted_s() const { return start_s_ ? *last_s_ - *start_s_ : 0; }

 private:
  std::optional<double> last_s_;   // of the last known level
  std::optional<double> start_s_;  // moved forward by every gap
  std::optional<double> green_since_s_;
};

}  // namespace bantam
