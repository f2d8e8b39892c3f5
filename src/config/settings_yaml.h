// SPDX-License-Identifier: MIT
// Settings written as a configuration file that parse_settings() reads again.
#pragma once

#include <string>
#include <vector>

#include "config/run_config.h"

namespace bantam {

/// `config --show`: every setting in force, with its source as a comment. What
/// is not set is a comment itself.
std::string shown_settings(const RunConfig& config);

/// `config --init`: every setting of `config` with its explanation; what is
/// not set or not available yet is a comment. `preface` are lines for the top.
std::string commented_settings(
    const RunConfig& config,
    const std::vector<std::string>& preface);

}  // namespace bantam
