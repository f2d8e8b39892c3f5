// SPDX-License-Identifier: MIT
#include "machine/darwin_source.h"
#include "machine/this_machine.h"

namespace bantam {

MachineProfile this_machine() {
  return darwin_machine(darwin_system());
}

std::unique_ptr<MemorySource> make_live_memory_source() {
  return std::make_unique<DarwinMemorySource>(darwin_system());
}

}  // namespace bantam
