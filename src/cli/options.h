// SPDX-License-Identifier: MIT
// The flags that run and generate share, and where each value came from.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

#include "bantam/engine.h"
#include "base/json.h"

namespace bantam {

struct RunOptions {
  EngineOptions engine;
  Request request;
  std::string system_prompt;
  std::string prompt;
  std::vector<std::string> logit_bias;  // "ID=BIAS"
  std::string device = "cpu";
  std::string kernels = "native";
  bool ignore_chat_template = false;
  bool json = false;
};

/// Adds the common flags to `command`; values land in `options`.
void add_run_options(CLI::App& command, RunOptions& options);

/// Of those, the ones that say how to compute: threads, cache, device.
void add_engine_options(CLI::App& command, RunOptions& options);

/// After parsing: checks and moves what the parser left as text. Throws
/// invalid_request.
void finish_run_options(RunOptions& options);

/// {"temp": {"value": 0.1, "from": "default"}, ...}: every setting in force.
Json applied_settings(const CLI::App& command, const RunOptions& options);

}  // namespace bantam
