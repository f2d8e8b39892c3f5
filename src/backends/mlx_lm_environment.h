// SPDX-License-Identifier: MIT
// The isolated Python environments that bantam makes for mlx-lm: each a folder
// with a Python of its own, every package in it locked. `environment.json` is
// written last; a folder without it is half-made.
//
//   ENVIRONMENTS/mlx-lm-0.32.2/environment.json    what it is
//                              requirements.lock   all packages, with hashes
//                              bin/mlx_lm.generate
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/version_pin.h"

namespace bantam {

enum class EnvironmentState {
  complete,   // everything is where it should be; see also mlx_lm_help.h
  half_made,  // making it was interrupted; `env create` goes on
  broken,     // it was complete once
};

/// "complete", "half-made", "broken"
const char* environment_state_name(EnvironmentState state);

struct MlxLmEnvironment {
  std::string name;    // of its folder
  std::string folder;  // absolute
  EnvironmentState state = EnvironmentState::complete;
  std::string problem;  // why it is not complete, one sentence
  /// Of the mlx-lm that is really in it; "" if there is none.
  std::string version;
  std::string pin;     // what was asked for; ""
  std::string python;  // its version
  int packages = 0;

  std::string python_program() const { return folder + "/bin/python"; }
  std::string generate_program() const {
    return folder + "/bin/mlx_lm.generate";
  }
  std::string lock_file() const { return folder + "/requirements.lock"; }
};

/// `setting` if it is not empty, else "environments" in bantam's data folder:
/// $XDG_DATA_HOME/bantam, else ~/Library/Application Support/bantam on macOS
/// and ~/.local/share/bantam elsewhere. Absolute. Throws invalid_request if
/// there is no home folder.
std::string environments_folder(const std::string& setting);

/// What lies at `folder`, judged without running anything.
MlxLmEnvironment read_environment(const std::string& folder);

/// All below `environments`, by name; none if there is no such folder.
std::vector<MlxLmEnvironment> list_environments(
    const std::string& environments);

/// The complete one with the newest mlx-lm that `pin` allows ("": any).
std::optional<MlxLmEnvironment> choose_environment(
    const std::vector<MlxLmEnvironment>& environments,
    const std::string& pin);

/// The name of the environment that is made for `pin`: "mlx-lm-0.32.2" if the
/// shipped lock satisfies it, else made of the pin itself.
std::string environment_name(const std::string& pin);

/// Takes it away, files and all. Throws not_found, naming those that are there;
/// invalid_request for a name that is a path.
void remove_environment(
    const std::string& environments,
    const std::string& name);

/// Variables for every Python that bantam starts: nothing of the user's own
/// Python gets in, text is UTF-8 and comes as it is printed.
std::vector<std::string> python_variables();

}  // namespace bantam
