// SPDX-License-Identifier: MIT
// The flags of a command, made from the table of settings, and the layering of
// file, environment and flags after they are parsed.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "config/run_config.h"

namespace bantam {

/// Lives as long as the command: it keeps the command's options.
class SettingFlags {
 public:
  /// Adds --config and the flag of every setting that `which` takes.
  SettingFlags(CLI::App& command, CommandSet which);

  /// After parsing: all layers in force; flags that are not settings are the
  /// caller's. `arguments` are settings that came as positional arguments.
  /// Throws invalid_request, also for what bantam cannot do yet.
  RunConfig read(std::vector<GivenSetting> arguments = {}) const;

 private:
  struct Flag {
    size_t index;  // in kSettings
    const CLI::Option* option;
  };

  CommandSet which_;
  const CLI::Option* config_;
  std::vector<Flag> flags_;
};

/// A setting that was given as a positional argument.
GivenSetting argument(
    SettingKey<SettingKind::text> key,
    const std::string& value);

}  // namespace bantam
