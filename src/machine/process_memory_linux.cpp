// SPDX-License-Identifier: MIT
#include <charconv>
#include <fstream>
#include <string>

#include "machine/process_memory.h"

namespace bantam {

int64_t peak_process_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) != 0) {
      continue;
    }
    const size_t digits = line.find_first_of("0123456789");
    int64_t kibibytes = 0;
    if (digits != line.npos) {
      std::from_chars(
          line.data() + digits, line.data() + line.size(), kibibytes);
    }
    return kibibytes * 1024;
  }
  return 0;
}

}  // namespace bantam
