// SPDX-License-Identifier: MIT
// From settings to a running mlx-lm: which environment, whether it can do what
// is asked, whether the model fits.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "backends/mlx_lm.h"
#include "backends/mlx_lm_environment.h"
#include "bantam/engine.h"
#include "config/run_config.h"
#include "engine/doctor.h"

namespace bantam {

/// What the settings say about mlx-lm.
struct RunnerOptions {
  std::string environments;  // folder
  std::string pin;
  std::string pin_named;  // how a message names the pin's setting
  MlxLmSettings settings;
  double silence_s = 600;
  std::vector<std::string> notes;  // settings that mlx-lm decides itself
};

/// Throws invalid_request for a setting that only bantam itself can honour.
RunnerOptions runner_options(const RunConfig& config);

/// Throws invalid_request if runtime.version_pin allows no release of mlx-lm
/// that can do what the other settings ask.
void check_runner_pin(const RunConfig& config);

struct Runner {
  std::shared_ptr<MlxLm> backend;
  ModelSummary model;
  MlxLmEnvironment environment;
};

/// The environment that the pin allows, made if there is none; then its flags,
/// the model and the room for it are checked. `say` gets lines about what takes
/// long. Throws unavailable, not_found, invalid_request, insufficient_memory.
Runner open_runner(
    const RunnerOptions& options,
    const EngineOptions& engine,
    const Request& request,
    const std::function<void(const std::string&)>& say,
    std::stop_token stop);

/// The same as findings, with nothing made.
std::vector<Finding> runner_findings(
    const RunnerOptions& options,
    const EngineOptions& engine,
    const Request& request);

}  // namespace bantam
