// SPDX-License-Identifier: MIT
// Finding the files that a user names, and reading one as it is at a moment.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace bantam {

/// Why a file does not go into the index.
enum class SkipReason {
  binary,
  archive,     // not opened, so that a small one cannot become a large one
  too_large,   // over the limit
  changing,    // it changed whenever it was read
  unreadable,  // permissions, an I/O error, a device
  pdf_reader,  // a PDF, and no pdftotext
  broken_pdf,
};
const char* skip_reason_name(SkipReason reason);

struct Skipped {
  std::string path;
  SkipReason reason = SkipReason::binary;
  std::string detail;  // a sentence for people; may be empty
};

/// Absolute, without "." and ".."; links stay.
std::string absolute_path(const std::string& path);

/// Calls `found` with every regular file that `path` names: itself, or all
/// below a folder in the order of their names. Names that begin with a dot are
/// left out below a folder. Links are followed, each folder once, so a loop
/// ends. `path` itself must be there: throws not_found.
void walk_files(
    const std::string& path,
    const std::function<void(const std::string& file)>& found,
    const std::function<void(const Skipped& skipped)>& skipped);

/// The bytes of a file, read whole while it did not change.
std::variant<std::string, Skipped> read_steady_file(
    const std::string& path,
    int64_t most_bytes);

/// "a zip archive", ... for what begins like one; "" for anything else.
std::string_view archive_kind(std::string_view bytes);

}  // namespace bantam
