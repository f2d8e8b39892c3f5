// SPDX-License-Identifier: MIT
// Does the machine save power, so that it computes slower than it could?
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bantam {

struct PowerMode {
  std::string text;  // "governor powersave, on battery"
  bool saving = false;
  bool on_battery = false;
};

/// nullopt: nothing can be read. On macOS it starts pmset, twice.
std::optional<PowerMode> power_mode();

/// From a Linux /sys anywhere.
std::optional<PowerMode> linux_power_mode(const std::string& sys_root);

/// From what `pmset -g` and `pmset -g batt` print.
std::optional<PowerMode> pmset_power_mode(
    std::string_view settings,
    std::string_view battery);

}  // namespace bantam
