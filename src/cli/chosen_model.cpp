// SPDX-License-Identifier: MIT
#include "cli/chosen_model.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "weights/locate.h"

namespace bantam {

namespace {

constexpr const char* kName = "model.name";
constexpr const char* kPath = "model.local_path";
constexpr const char* kRepository = "model.repository";
constexpr const char* kDefaultModel = "smollm2";

// The path, if something lies there or nothing else is named.
ChosenModel choose_by_place(const RunConfig& config) {
  const std::string& path = config.text(kPath);
  const std::string& repository = config.text(kRepository);
  std::error_code ignored;
  if (!path.empty() &&
      (repository.empty() ||
       std::filesystem::exists(expand_home(path), ignored))) {
    return {path, config.from(kPath)};
  }
  if (!path.empty()) {
    try {
      locate_model(repository);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) {
        throw;
      }
      fail(
          ErrorCode::not_found,
          "{}: nothing is at \"{}\"; and {}: {}",
          config.named(kPath),
          path,
          config.named(kRepository),
          error.what());
    }
  }
  return {repository, config.from(kRepository)};
}

}  // namespace

ChosenModel choose_model(const RunConfig& config) {
  const std::string& name = config.text(kName);
  const bool by_place =
      !config.text(kPath).empty() || !config.text(kRepository).empty();
  const Layer place_layer =
      std::max(config.layer(kPath), config.layer(kRepository));
  if (!name.empty() && by_place && config.layer(kName) == place_layer) {
    fail(
        ErrorCode::invalid_request,
        "{}: model.local_path or model.repository names the model too; keep "
        "one of them",
        config.named(kName));
  }
  if (!name.empty() && (!by_place || config.layer(kName) > place_layer)) {
    return {name, config.from(kName)};
  }
  return by_place ? choose_by_place(config)
                  : ChosenModel{kDefaultModel, "default"};
}

}  // namespace bantam
