// SPDX-License-Identifier: MIT
#include "machine/linux_processes.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "machine/heavy_apps.h"
#include "machine/kernel_text.h"

namespace bantam {

namespace {

namespace fs = std::filesystem;

// What a symbolic link says, though nothing need lie there; "" if unreadable.
std::string link_text(const std::string& path) {
  std::array<char, 4096> text;
  const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : "";
}

std::string executable_of(const std::string& process) {
  std::string path = link_text(process + "/exe");
  // An application that was updated while it runs.
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) {
    path.resize(path.size() - kDeleted.size());
  }
  return path;
}

std::string short_name_of(
    const std::string& process,
    KernelTextReader& reader) {
  const std::string_view text = reader.read(process + "/comm");
  return std::string(text.substr(0, text.find('\n')));
}

bool is_number(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
}

}  // namespace

std::optional<std::vector<AppMemory>> linux_heavy_apps(
    const std::string& proc_root) {
  std::error_code error;
  fs::directory_iterator entries(proc_root, error);
  if (error) {
    return std::nullopt;
  }
  const std::string own = link_text(proc_root + "/self");
  KernelTextReader reader;
  std::vector<AppProcess> found;
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (error) {
      return std::nullopt;
    }
    const std::string id = entries->path().filename().string();
    if (!is_number(id) || id == own) {
      continue;
    }
    const std::string process = proc_root + "/" + id;
    const std::string_view app =
        heavy_app_of(executable_of(process), short_name_of(process, reader));
    if (app.empty()) {
      continue;
    }
    auto bytes = bytes_of(reader.read(process + "/smaps_rollup"), "Pss");
    if (!bytes) {
      const std::string_view status = reader.read(process + "/status");
      if (line_of(status, "State").starts_with('Z')) {
        continue;  // ended, holds nothing
      }
      bytes = bytes_of(status, "VmRSS");
      if (!bytes && !fs::exists(process, error)) {
        continue;  // ended while we looked
      }
    }
    found.push_back({app, bytes});
  }
  return sum_by_app(found);
}

}  // namespace bantam
