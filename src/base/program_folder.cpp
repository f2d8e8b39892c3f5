// SPDX-License-Identifier: MIT
#include "base/program_folder.h"

#include <cstdint>
#include <string>
#include <system_error>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

namespace bantam {

namespace fs = std::filesystem;

fs::path program_folder() {
  std::error_code error;
#ifdef __APPLE__
  uint32_t size = 0;
  _NSGetExecutablePath(nullptr, &size);
  std::string path(size, '\0');
  if (_NSGetExecutablePath(path.data(), &size) != 0) {
    return {};
  }
  return fs::canonical(path.c_str(), error).parent_path();
#else
  return fs::read_symlink("/proc/self/exe", error).parent_path();
#endif
}

}  // namespace bantam
