// SPDX-License-Identifier: MIT
#include "base/user_folders.h"

#include <cstdlib>

namespace bantam {

namespace {

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string user_data_folder() {
  if (const std::string data = environment_variable("XDG_DATA_HOME");
      data.starts_with('/')) {
    return data + "/bantam";
  }
  const std::string home = environment_variable("HOME");
  if (home.empty()) {
    return "";
  }
#ifdef __APPLE__
  return home + "/Library/Application Support/bantam";
#else
  return home + "/.local/share/bantam";
#endif
}

std::string user_cache_folder() {
  if (const std::string cache = environment_variable("XDG_CACHE_HOME");
      !cache.empty()) {
    return cache + "/bantam";
  }
  const std::string home = environment_variable("HOME");
  return home.empty() ? "" : home + "/.cache/bantam";
}

}  // namespace bantam
