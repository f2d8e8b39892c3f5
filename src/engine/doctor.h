// SPDX-License-Identifier: MIT
// Is everything right for a run: machine, memory, model? A list of findings,
// each with what to do.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bantam/engine.h"

namespace bantam {

enum class Health { green, yellow, red };
std::string_view health_name(Health health);

struct Finding {
  std::string id;  // "memory", "swap", "model", ...; stable
  Health health = Health::green;
  std::string text;    // what is, with its numbers
  std::string advice;  // what to do; empty if nothing
};

struct Diagnosis {
  std::vector<Finding> findings;
  /// A run with these options would start.
  bool would_start = false;
  /// Bytes per second; nullopt: not measured.
  std::optional<double> bandwidth;
  /// Of the model, as far as the bandwidth allows.
  std::optional<double> tokens_per_second;
};

struct DoctorOptions {
  EngineOptions engine;
  /// Seconds of the bandwidth probe; 0: none.
  double probe_seconds = 1;
  /// Read files whose hash is known but was never checked.
  bool verify = false;
  /// What the caller knows of what is to answer: its pins and flags.
  std::vector<Finding> runner;
  /// Another program is to answer: what bantam cannot run is no fault.
  bool foreign = false;
};

/// Throws only for a memory source that is not there or damaged; everything
/// else is a finding.
Diagnosis diagnose(const DoctorOptions& options);

}  // namespace bantam
