// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_environment.h"

#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "backends/mlx_lm_lock.h"
#include "base/directory.h"
#include "base/error.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/user_folders.h"

namespace bantam {

namespace {

namespace fs = std::filesystem;

constexpr const char* kStamp = "environment.json";

std::string environments_home() {
  std::string folder = user_data_folder();
  if (folder.empty()) {
    fail(
        ErrorCode::invalid_request,
        "HOME is not set, so there is no folder for environments; name one: "
        "--environments FOLDER");
  }
  return folder;
}

// The version in "mlx_lm-0.32.2.dist-info" of the folder's site-packages.
std::string installed_version(const std::string& folder) {
  const std::string lib = folder + "/lib";
  for (const std::string& python :
       directory_names(lib).value_or(std::vector<std::string>{})) {
    const std::string site = lib + "/" + python + "/site-packages";
    for (const std::string& name :
         directory_names(site).value_or(std::vector<std::string>{})) {
      constexpr std::string_view kBegin = "mlx_lm-";
      constexpr std::string_view kEnd = ".dist-info";
      if (name.starts_with(kBegin) && name.ends_with(kEnd)) {
        return name.substr(
            kBegin.size(), name.size() - kBegin.size() - kEnd.size());
      }
    }
  }
  return "";
}

std::string text_member(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>()
                                                   : "";
}

// Why an environment that was once complete is not any more; "" if it is.
std::string fault_of(const MlxLmEnvironment& environment, const Json& stamp) {
  if (::access(environment.python_program().c_str(), X_OK) != 0) {
    return "its Python, which it had from the system, is gone";
  }
  if (environment.version.empty()) {
    return "mlx-lm is not in it";
  }
  if (const std::string made = text_member(stamp, "mlx_lm");
      made != environment.version) {
    return fmt::format(
        "it was made with mlx-lm {}, but now has {}",
        made,
        environment.version);
  }
  if (::access(environment.generate_program().c_str(), X_OK) != 0) {
    return "bin/mlx_lm.generate is gone";
  }
  std::error_code ignored;
  if (!fs::exists(environment.lock_file(), ignored) ||
      sha256_of_file(environment.lock_file()) !=
          text_member(stamp, "lock_sha256")) {
    return "requirements.lock is not the one it was made from";
  }
  return "";
}

// ">=0.15.0,<0.16.0" -> "from0.15.0-below0.16.0"
std::string slug(const std::string& pin) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"===", "is"},
      {"==", "is"},
      {"~=", "like"},
      {"!=", "not"},
      {">=", "from"},
      {"<=", "to"},
      {">", "above"},
      {"<", "below"},
      {",", "-"}};
  std::string text;
  for (size_t i = 0; i < pin.size();) {
    const auto* word = std::ranges::find_if(kWords, [&](const auto& entry) {
      return pin.compare(i, entry.first.size(), entry.first) == 0;
    });
    if (word != std::end(kWords)) {
      text += word->second;
      i += word->first.size();
      continue;
    }
    const auto c = static_cast<unsigned char>(pin[i++]);
    if (std::isalnum(c) || c == '.') {
      text.push_back(static_cast<char>(c));
    } else if (c == '*') {
      text += "x";
    }
  }
  return text;
}

}  // namespace

const char* environment_state_name(EnvironmentState state) {
  switch (state) {
    case EnvironmentState::complete:
      return "complete";
    case EnvironmentState::half_made:
      return "half-made";
    default:
      return "broken";
  }
}

std::string environments_folder(const std::string& setting) {
  const fs::path folder =
      setting.empty() ? environments_home() + "/environments" : setting;
  std::error_code ignored;
  const fs::path absolute = fs::absolute(folder, ignored);
  return (absolute.empty() ? folder : absolute).lexically_normal().string();
}

MlxLmEnvironment read_environment(const std::string& folder) {
  MlxLmEnvironment environment;
  environment.folder = folder;
  environment.name = fs::path(folder).filename().string();
  environment.version = installed_version(folder);
  const std::string stamp_file = folder + "/" + kStamp;
  std::error_code ignored;
  if (!fs::exists(stamp_file, ignored)) {
    environment.state = EnvironmentState::half_made;
    environment.problem = "making it was interrupted";
    return environment;
  }
  try {
    const Json stamp = read_json_file(stamp_file);
    environment.pin = text_member(stamp, "pin");
    environment.python = text_member(stamp, "python");
    const auto packages = stamp.find("packages");
    environment.packages =
        packages != stamp.end() && packages->is_number_integer()
        ? packages->get<int>()
        : 0;
    environment.problem = fault_of(environment, stamp);
  } catch (const Error& error) {
    environment.problem = error.what();
  }
  if (!environment.problem.empty()) {
    environment.state = EnvironmentState::broken;
  }
  return environment;
}

std::vector<MlxLmEnvironment> list_environments(
    const std::string& environments) {
  std::vector<std::string> names =
      directory_names(environments).value_or(std::vector<std::string>{});
  std::erase_if(names, [&](const std::string& name) {
    std::error_code ignored;
    return name.starts_with('.') ||
        !fs::is_directory(environments + "/" + name, ignored);
  });
  std::ranges::sort(names);
  std::vector<MlxLmEnvironment> found;
  for (const std::string& name : names) {
    found.push_back(read_environment(environments + "/" + name));
  }
  return found;
}

std::optional<MlxLmEnvironment> choose_environment(
    const std::vector<MlxLmEnvironment>& environments,
    const std::string& pin) {
  const VersionPin range = VersionPin::parse(pin).value_or(VersionPin{});
  std::optional<MlxLmEnvironment> best;
  std::optional<Version> newest;
  for (const MlxLmEnvironment& environment : environments) {
    const auto version = Version::parse(environment.version);
    if (environment.state == EnvironmentState::complete && version &&
        range.contains(*version) && (!newest || *version > *newest)) {
      best = environment;
      newest = version;
    }
  }
  return best;
}

std::string environment_name(const std::string& pin) {
  const std::string shipped =
      locked_mlx_lm(shipped_mlx_lm_lock(), "the shipped lock");
  const VersionPin range = VersionPin::parse(pin).value_or(VersionPin{});
  return "mlx-lm-" +
      (range.contains(*Version::parse(shipped)) ? shipped : slug(pin));
}

void remove_environment(
    const std::string& environments,
    const std::string& name) {
  if (name.empty() || name.starts_with('.') ||
      name.find('/') != std::string::npos) {
    fail(
        ErrorCode::invalid_request,
        "\"{}\" is no name of an environment; bantam env list shows them",
        name);
  }
  const std::string folder = environments + "/" + name;
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    std::vector<std::string> names;
    for (const MlxLmEnvironment& other : list_environments(environments)) {
      names.push_back(other.name);
    }
    fail(
        ErrorCode::not_found,
        "no environment {} in {}{}",
        name,
        environments,
        names.empty() ? ", which has none"
                      : fmt::format("; it has: {}", fmt::join(names, ", ")));
  }
  // Without its stamp first: whatever is left is seen to be half-made.
  fs::remove(folder + "/" + kStamp, error);
  fs::remove_all(folder, error);
  if (error) {
    fail(
        ErrorCode::unavailable,
        "{} cannot be removed: {}",
        folder,
        error.message());
  }
}

std::vector<std::string> python_variables() {
  return {
      "PYTHONPATH=",
      "PYTHONHOME=",
      "PYTHONNOUSERSITE=1",
      "PYTHONUTF8=1",
      "PYTHONUNBUFFERED=1"};
}

}  // namespace bantam
