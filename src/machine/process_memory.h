// SPDX-License-Identifier: MIT
// What this process itself holds.
#pragma once

#include <cstdint>

namespace bantam {

/// The most memory this process ever held, in bytes, mapped weights that were
/// touched included: VmHWM on Linux, the peak physical footprint plus
/// resident mapped files on macOS. 0 if the system does not say.
int64_t peak_process_bytes();

/// What this process holds now that no other memory could take the place of:
/// not mapped files, whose pages count as available (MemorySample). 0 if the
/// system does not say.
int64_t private_process_bytes();

}  // namespace bantam
