// SPDX-License-Identifier: MIT
#include "cli/framework.h"

#include "base/error.h"
#include "cli/mlx_lm_runner.h"
#include "cli/version.h"

namespace bantam {

namespace {

bool pin_allows_us(const RunConfig& config) {
  const std::string& pin = config.text("runtime.version_pin");
  return VersionPin::parse(pin)->contains(*Version::parse(kVersion));
}

std::string pin_fault(const RunConfig& config) {
  return fmt::format(
      "{}: this is bantam {}, but {} is asked for; build a bantam of that "
      "range, or pin the one that is here: --version-pin \"{}\"",
      config.named("runtime.version_pin"),
      kVersion,
      config.text("runtime.version_pin"),
      compatible_pin());
}

}  // namespace

void check_framework(const RunConfig& config) {
  if (config.text("runtime.framework") != "bantam") {
    check_runner_pin(config);
    return;
  }
  if (!pin_allows_us(config)) {
    fail(ErrorCode::invalid_request, "{}", pin_fault(config));
  }
}

void require_own_framework(const RunConfig& config, const char* command) {
  if (config.text("runtime.framework") != "bantam") {
    fail(
        ErrorCode::invalid_request,
        "{}: {} needs bantam itself; {} answers with bantam run and bantam "
        "generate",
        config.named("runtime.framework"),
        command,
        config.text("runtime.framework"));
  }
}

std::vector<Finding> own_findings(const RunConfig& config) {
  const std::string& pin = config.text("runtime.version_pin");
  std::vector<Finding> findings;
  if (pin_allows_us(config)) {
    findings.push_back(
        {"pins",
         Health::green,
         fmt::format(
             "bantam {}{}",
             kVersion,
             pin.empty() ? ", no pin" : ", which " + pin + " allows"),
         ""});
  } else {
    findings.push_back(
        {"pins",
         Health::red,
         pin_fault(config),
         "--version-pin \"" + compatible_pin() + "\""});
  }
  return findings;
}

}  // namespace bantam
