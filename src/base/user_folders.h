// SPDX-License-Identifier: MIT
// Where a user's files go, by the XDG base directory specification and, on
// macOS, Apple's places.
#pragma once

#include <string>

namespace bantam {

/// What is kept: $XDG_DATA_HOME/bantam, or below the home folder; "" if there
/// is neither.
std::string user_data_folder();

/// What can be made again: $XDG_CACHE_HOME/bantam, or ~/.cache/bantam; "" if
/// there is neither.
std::string user_cache_folder();

}  // namespace bantam
