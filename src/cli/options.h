// SPDX-License-Identifier: MIT
// From settings to what the engine is asked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bantam/engine.h"
#include "base/json.h"
#include "cli/mlx_lm_runner.h"
#include "config/run_config.h"

namespace bantam {

struct RunOptions {
  EngineOptions engine;
  Request request;
  bool json = false;
  std::string receipt;  // file to write; "": none
  /// Set if mlx-lm is to answer.
  std::optional<RunnerOptions> runner;
  /// Adjustments that the user should know of, one sentence each.
  std::vector<std::string> notes;
  /// Every setting in force and where it came from.
  Json applied;
};

/// What a request gets that does not say otherwise.
SamplingSettings sampling_settings(const RunConfig& config);

/// How to compute; the model is left to the caller.
EngineOptions engine_options(const RunConfig& config);

/// The request alone. Throws invalid_request.
Request request_of(const RunConfig& config, const std::string& prompt);

/// Everything that the settings say of one request with `prompt`. `commands`
/// are those whose settings `applied` lists. Throws invalid_request.
RunOptions run_options(
    const RunConfig& config,
    const std::string& prompt,
    CommandSet commands);

}  // namespace bantam
