// SPDX-License-Identifier: MIT
// What mlx-lm could do when: which release brought which flag of
// `mlx_lm.generate` and which model. A pin that allows only releases without
// what a run needs contradicts itself, and that can be said before anything is
// installed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
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

/// The first release whose output bantam can read: those before it print the
/// prompt as the model sees it, and then the answer.
inline constexpr std::string_view kOldestReadable = "0.21.0";

/// Why no release that `pin` allows can be read, with a pin that works; nullopt
/// if one can.
std::optional<std::string> unreadable_pin(const std::string& pin);

/// A pin that allows only releases that can do all this, as far as is known.
std::string working_pin(const MlxLmNeeds& needs);

/// Whether this release of mlx-lm takes --max-kv-size for such a model and
/// does nothing with it, because the model makes its own cache.
bool ignores_max_kv_size(const std::string& model_type, const Version& mlx_lm);

}  // namespace bantam
