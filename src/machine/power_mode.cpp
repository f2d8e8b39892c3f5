// SPDX-License-Identifier: MIT
#include "machine/power_mode.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "machine/kernel_text.h"

namespace bantam {

namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The number behind a word that begins a line, blanks before it allowed.
std::optional<int64_t> pmset_number(
    std::string_view text,
    std::string_view key) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.starts_with(key) && line.size() > key.size() &&
        line[key.size()] == ' ') {
      // leading_number() wants to see where the digits end.
      return leading_number(std::string(line.substr(key.size())) + "\n");
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<PowerMode> linux_power_mode(const std::string& sys_root) {
  const fs::path cpu = fs::path(sys_root) / "devices/system/cpu/cpu0/cpufreq";
  const std::string governor = first_line(cpu / "scaling_governor");
  PowerMode mode;
  std::error_code ignored;
  for (const auto& supply : fs::directory_iterator(
           fs::path(sys_root) / "class/power_supply", ignored)) {
    mode.on_battery = mode.on_battery ||
        first_line(supply.path() / "status") == "Discharging";
  }
  if (governor.empty() && !mode.on_battery) {
    return std::nullopt;
  }
  // intel_pstate's powersave is its usual mode and saves nothing under load.
  mode.saving = governor == "powersave" &&
      first_line(cpu / "scaling_driver") != "intel_pstate";
  mode.text = governor.empty() ? "" : "governor " + governor;
  if (mode.on_battery) {
    mode.text += mode.text.empty() ? "on battery" : ", on battery";
  }
  return mode;
}

std::optional<PowerMode> pmset_power_mode(
    std::string_view settings,
    std::string_view battery) {
  constexpr int64_t kLow = 1;
  constexpr int64_t kHigh = 2;
  // Macs that can also do more than usual call it powermode.
  const auto low = pmset_number(settings, "lowpowermode");
  const auto mode = pmset_number(settings, "powermode");
  PowerMode power;
  power.on_battery = battery.find("'Battery Power'") != battery.npos;
  if (!low && !mode && battery.empty()) {
    return std::nullopt;
  }
  power.saving = low == kLow || mode == kLow;
  power.text = power.saving ? "low power mode"
      : mode == kHigh       ? "high power mode"
                            : "usual power mode";
  power.text += power.on_battery ? ", on battery" : "";
  return power;
}

}  // namespace bantam
