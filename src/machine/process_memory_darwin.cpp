// SPDX-License-Identifier: MIT
#include <mach/mach.h>
#include <sys/resource.h>

#include <algorithm>

#include "machine/process_memory.h"

namespace bantam {

namespace {

int64_t footprint_bytes() {
  task_vm_info_data_t info{};
  mach_msg_type_number_t count = TASK_VM_INFO_COUNT;
  if (task_info(
          mach_task_self(),
          TASK_VM_INFO,
          reinterpret_cast<task_info_t>(&info),
          &count) == KERN_SUCCESS &&
      count >= TASK_VM_INFO_REV1_COUNT) {
    return static_cast<int64_t>(info.phys_footprint);
  }
  return 0;
}

}  // namespace

int64_t peak_process_bytes() {
  // The footprint leaves out clean mapped pages, the resident set leaves out
  // compressed ones; the larger of the two is nearer the truth.
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return std::max<int64_t>(footprint_bytes(), usage.ru_maxrss);
}

int64_t private_process_bytes() {
  return footprint_bytes();
}

}  // namespace bantam
