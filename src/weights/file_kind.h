// SPDX-License-Identifier: MIT
// What a file that is no model seems to be, judged by its first bytes.
// Internal to weights/.
#pragma once

#include <string>
#include <string_view>

namespace bantam {

/// Ends the sentence "it looks like ...", with what to do about it where that
/// is known.
std::string describe_file_kind(std::string_view first_bytes);

}  // namespace bantam
