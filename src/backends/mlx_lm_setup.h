// SPDX-License-Identifier: MIT
// Makes an environment for mlx-lm: a virtual environment of Python, filled by
// pip from a lock with a hash for every file. Interrupted, the same call goes
// on where it stopped.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "backends/mlx_lm_environment.h"

namespace bantam {

struct EnvironmentOrder {
  std::string environments;  // folder
  std::string pin;           // of mlx-lm; "": the shipped lock's version
  /// A lock to install from, such as another environment's; "": the shipped
  /// one if the pin allows it, else one that is resolved now.
  std::string lock_file;
  std::string python;  // program; "": the newest suitable one in PATH
};

struct MadeEnvironment {
  MlxLmEnvironment environment;
  bool was_there = false;  // complete, nothing was done
};

/// Told what is being done, a line each, without a newline.
using SetupProgress = std::function<void(const std::string& line)>;

/// Throws unavailable when Python or pip fails or the outcome does not work;
/// what was done is kept. Throws invalid_request for an order that contradicts
/// itself, cancelled at a stop request.
MadeEnvironment make_environment(
    const EnvironmentOrder& order,
    const SetupProgress& progress,
    std::stop_token stop = {});

}  // namespace bantam
