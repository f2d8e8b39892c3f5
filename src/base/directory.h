// SPDX-License-Identifier: MIT
// The names in a folder. std::filesystem's iterators end the program when they
// find no memory (libstdc++ 12); these throw std::bad_alloc.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace bantam {

/// Names of everything in `folder` but "." and "..", in no order; nullopt if it
/// cannot be read.
std::optional<std::vector<std::string>> directory_names(
    const std::string& folder);

}  // namespace bantam
