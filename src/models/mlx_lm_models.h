// SPDX-License-Identifier: MIT
// What the Python package mlx-lm can run of what bantam cannot.
#pragma once

#include <string_view>

namespace bantam {

/// Does mlx-lm 0.32.2 know config.json's `model_type`? By the names of its
/// model files and its table of other names.
bool mlx_lm_knows(std::string_view model_type);

}  // namespace bantam
