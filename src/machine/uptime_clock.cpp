// SPDX-License-Identifier: MIT
#include "machine/uptime_clock.h"

#include <ctime>

namespace bantam {

double uptime_seconds() noexcept {
  // Apple's CLOCK_MONOTONIC goes on during sleep, Linux's does not.
#ifdef __APPLE__
  constexpr clockid_t kClock = CLOCK_UPTIME_RAW;
#else
  constexpr clockid_t kClock = CLOCK_MONOTONIC;
#endif
  timespec now{};
  ::clock_gettime(kClock, &now);
  return static_cast<double>(now.tv_sec) +
      static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace bantam
