// SPDX-License-Identifier: MIT
// A small file that is there whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace bantam {

/// Writes `text` beside `path` and renames it into place once it is on disk; an
/// existing file is replaced, and kept if anything fails. Throws
/// invalid_request, naming the path and the system's reason.
void write_file_atomically(const std::string& path, std::string_view text);

}  // namespace bantam
