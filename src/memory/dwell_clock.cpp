// SPDX-License-Identifier: MIT
#include "memory/dwell_clock.h"

namespace bantam {

void DwellClock::step(double t_s, Pressure level) {
  if (level == Pressure::unknown) {
    green_since_s_.reset();
    return;
  }
  const double silence_s = last_s_ ? t_s - *last_s_ : 0;
  if (silence_s < 0 || silence_s > kMaxGap_s) {
    if (start_s_) {
      *start_s_ += silence_s;
    }
    green_since_s_.reset();
  }
  last_s_ = t_s;
  if (level >= Pressure::yellow) {
    green_since_s_.reset();
    if (!start_s_) {
      start_s_ = t_s;
    }
  } else if (!green_since_s_) {
    green_since_s_ = t_s;
  } else if (t_s - *green_since_s_ >= kGreenReset_s) {
    start_s_.reset();
  }
}

}  // namespace bantam
