// SPDX-License-Identifier: MIT
// What mlx-lm could do when: which release brought which flag of
// `mlx_lm.generate` and which model. A pin that allows only releases without
// what a run needs contradicts itself, and that can be said before anything is
// installed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/version_pin.h"

namespace bantam {

/// What a run needs of mlx-lm.
struct MlxLmNeeds {
  std::vector<std::string> flags;  // "--max-kv-size"
  std::string model_type;          // of config.json; "": not known
};

/// Why no release that `pin` allows can do what is needed: a sentence that
/// names the releases, what is missing and a pin that works. nullopt if one
/// can, as far as is known; releases that are newer than this list can.
std::optional<std::string> pin_contradiction(
    const std::string& pin,
    const MlxLmNeeds& needs);

}  // namespace bantam
