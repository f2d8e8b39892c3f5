// SPDX-License-Identifier: MIT
#include "machine/power_mode.h"

namespace bantam {

std::optional<PowerMode> power_mode() {
  return linux_power_mode("/sys");
}

}  // namespace bantam
