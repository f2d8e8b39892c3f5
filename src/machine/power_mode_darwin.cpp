// SPDX-License-Identifier: MIT
#include "base/child_process.h"
#include "base/error.h"
#include "machine/power_mode.h"

namespace bantam {

namespace {

// "" if it cannot be asked.
std::string pmset(std::vector<std::string> arguments) {
  constexpr double kSeconds = 3;
  arguments.insert(arguments.begin(), "/usr/bin/pmset");
  std::string out;
  try {
    run_child(
        {.arguments = arguments},
        {.seconds = kSeconds},
        {.output = [&](ChildStream stream, std::string_view piece) {
          if (stream == ChildStream::out) {
            out += piece;
          }
        }});
  } catch (const Error&) {
    return "";
  }
  return out;
}

}  // namespace

std::optional<PowerMode> power_mode() {
  return pmset_power_mode(pmset({"-g"}), pmset({"-g", "batt"}));
}

}  // namespace bantam
