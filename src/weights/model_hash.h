// SPDX-License-Identifier: MIT
// Which model is this, by its bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bantam {

/// SHA-256 of a model made of `files`: the file's own for one, and for more the
/// digest of the lines that sha256sum prints of them, sorted by file name.
/// A file that was hashed before and has kept its size and change date is not
/// read again: digests are kept in $XDG_CACHE_HOME/bantam (~/.cache/bantam).
/// Throws not_found.
std::string model_sha256(std::vector<std::string> files);

/// The same if it costs no reading, else nullopt.
std::optional<std::string> known_model_sha256(std::vector<std::string> files);

}  // namespace bantam
