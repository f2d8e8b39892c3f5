// SPDX-License-Identifier: MIT
#include "machine/process_tree.h"

namespace bantam {

TreeMemory process_tree_memory(int leader) {
  return linux_process_tree("/proc", leader);
}

}  // namespace bantam
