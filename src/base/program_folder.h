// SPDX-License-Identifier: MIT
#pragma once

#include <filesystem>

namespace bantam {

/// The folder that the running program lies in, links followed; empty if the
/// system does not say.
std::filesystem::path program_folder();

}  // namespace bantam
