// SPDX-License-Identifier: MIT
// The memory sources and the profile of the machine we run on.
#pragma once

#include <memory>
#include <string>

#include "machine/machine_profile.h"
#include "machine/memory_sample.h"

namespace bantam {

MachineProfile this_machine();

std::unique_ptr<MemorySource> make_live_memory_source();

/// "live" or "replay:FILE", as --memory-source takes it. Throws
/// invalid_request for another text, and what ReplayMemorySource throws.
std::unique_ptr<MemorySource> make_memory_source(const std::string& spec);

}  // namespace bantam
