// SPDX-License-Identifier: MIT
// Which model answers, when a command line and a configuration may both say.
#pragma once

#include <string>

#include "config/run_config.h"

namespace bantam {

struct ChosenModel {
  std::string name;  // as locate_model() takes it
  std::string from;  // "argument", "config.yaml:4", "default", ...
};

/// model.name if it is set; else model.local_path if something is there, else
/// model.repository; else smollm2. Throws not_found if the file names a path
/// and a repository and neither is there, invalid_request if one layer names
/// the model both ways.
ChosenModel choose_model(const RunConfig& config);

}  // namespace bantam
