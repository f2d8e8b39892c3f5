// SPDX-License-Identifier: MIT
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

#include "machine/process_memory.h"

namespace bantam {

namespace {

// A line of /proc/self/status such as "VmHWM:   1234 kB".
int64_t status_bytes(std::string_view name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") {
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

}  // namespace

int64_t peak_process_bytes() {
  return status_bytes("VmHWM");
}

int64_t private_process_bytes() {
  return status_bytes("RssAnon") + status_bytes("VmSwap");
}

}  // namespace bantam
