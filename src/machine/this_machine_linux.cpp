// SPDX-License-Identifier: MIT
#include "machine/linux_source.h"
#include "machine/this_machine.h"

namespace bantam {

MachineProfile this_machine() {
  return linux_machine();
}

std::unique_ptr<MemorySource> make_live_memory_source() {
  return std::make_unique<LinuxMemorySource>();
}

}  // namespace bantam
