// SPDX-License-Identifier: MIT
#include "base/directory.h"

#include <dirent.h>

#include <memory>
#include <string_view>

namespace bantam {

std::optional<std::vector<std::string>> directory_names(
    const std::string& folder) {
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(
      ::opendir(folder.c_str()), ::closedir);
  if (entries == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  return names;
}

}  // namespace bantam
