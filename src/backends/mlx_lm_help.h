// SPDX-License-Identifier: MIT
// What the mlx_lm.generate of an environment can do, by its own --help: a flag
// that it does not list is never given to it.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "backends/mlx_lm_environment.h"

namespace bantam {

/// The long flags that a --help text lists, sorted: "--model". What only
/// stands in a description does not count.
std::vector<std::string> flags_in_help(std::string_view help);

struct MlxLmHelp {
  std::vector<std::string> flags;
  /// Why --help fails, by its last words; "" if it does not.
  std::string problem;
  bool remembered = false;  // from a run before

  bool has(std::string_view flag) const;
};

/// Runs `mlx_lm.generate --help`, which imports all that a run does and takes
/// seconds. The outcome is kept in the environment and taken from there until
/// a package or the program in it changes, unless `again`.
MlxLmHelp mlx_lm_help(
    const MlxLmEnvironment& environment,
    bool again = false,
    std::stop_token stop = {});

/// The end of what a program printed on stderr, on one line.
std::string last_words(std::string_view stderr_text);

}  // namespace bantam
