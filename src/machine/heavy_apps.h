// SPDX-License-Identifier: MIT
// The well-known applications that take gigabytes: recognized by where a
// process's executable lies, and summed over an application's processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "machine/memory_sample.h"

namespace bantam {

/// The heavy application a process belongs to, as people call it; "" if none.
/// `path` is its executable ("" if the system hides it), `name` the short name
/// that the system shows (Linux: up to 15 bytes of it). On macOS the outermost
/// bundle in the path decides, so that helpers count for their application.
std::string_view heavy_app_of(std::string_view path, std::string_view name);

/// One process of a heavy application; nullopt: its memory cannot be seen.
struct AppProcess {
  std::string_view app;
  std::optional<int64_t> bytes;
};

/// One entry per application, largest first, those of unknown size last. If
/// only some of an application's processes can be seen, the others make an
/// entry of their own, "NAME (processes of other users)", of unknown size.
std::vector<AppMemory> sum_by_app(const std::vector<AppProcess>& processes);

}  // namespace bantam
