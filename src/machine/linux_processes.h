// SPDX-License-Identifier: MIT
// The processes of a Linux machine, as far as they belong to heavy
// applications.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "machine/memory_sample.h"

namespace bantam {

/// The heavy applications under `proc_root`, as sum_by_app() orders them, this
/// process left out. A process counts with its proportional share (Pss of
/// smaps_rollup) where we may read it, else with VmRSS, which counts what an
/// application's processes share once for each of them. nullopt if processes
/// cannot be listed. Takes milliseconds for each gigabyte it looks at.
std::optional<std::vector<AppMemory>> linux_heavy_apps(
    const std::string& proc_root);

}  // namespace bantam
