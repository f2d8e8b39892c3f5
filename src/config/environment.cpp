// SPDX-License-Identifier: MIT
// The layer of BANTAM_* environment variables.
#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "config/run_config.h"

namespace bantam {

namespace {

// Variables with bantam's prefix that are no settings: read elsewhere in the
// program, by the build and by its scripts.
constexpr std::array<std::string_view, 7> kOtherVariables{
    "BANTAM_CONFIG",
    "BANTAM_FUZZ_CC",
    "BANTAM_FUZZ_CXX",
    "BANTAM_KERNELS",
    "BANTAM_SKIP_PACKAGES",
    "BANTAM_MINILM",
    "BANTAM_SMOLLM2",
};

std::optional<size_t> find_by_variable(std::string_view name) {
  for (size_t i = 0; i < kSettings.size(); ++i) {
    if (environment_name(kSettings[i]) == name) {
      return i;
    }
  }
  return std::nullopt;
}

SettingValue list_value(const std::string& name, std::string_view text) {
  const Json list = parse_json(text, name, ErrorCode::invalid_request);
  std::vector<std::string> texts;
  bool sound = list.is_array();
  for (const Json& item : list) {
    sound = sound && item.is_string();
    texts.push_back(sound ? item.get<std::string>() : "");
  }
  if (!sound) {
    fail(
        ErrorCode::invalid_request,
        "{}: must be a JSON list of texts, such as [\"a\", \"b\"]",
        name);
  }
  return texts;
}

GivenSetting given(const std::string& name, std::string_view text) {
  const auto index = find_by_variable(name);
  if (!index) {
    const std::string near = nearest_environment_name(name);
    fail(
        ErrorCode::invalid_request,
        "the environment variable {} is no setting{}; unset it",
        name,
        near.empty() ? "" : fmt::format(" (did you mean {}?)", near));
  }
  const Setting& setting = kSettings[*index];
  if (setting.kind == SettingKind::texts) {
    return {*index, list_value(name, text), "env " + name, name};
  }
  const auto value = parse_value(setting, text);
  if (!value) {
    fail(ErrorCode::invalid_request, "{}: {}", name, refusal(setting, text));
  }
  return {*index, *value, "env " + name, name};
}

}  // namespace

std::vector<GivenSetting> environment_settings(const char* const* variables) {
  std::vector<GivenSetting> settings;
  for (; *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    const size_t equals = variable.find('=');
    const std::string name(variable.substr(0, equals));
    if (!name.starts_with("BANTAM_") || equals == variable.npos ||
        equals + 1 == variable.size() ||
        std::ranges::find(kOtherVariables, name) != kOtherVariables.end()) {
      continue;
    }
    settings.push_back(given(name, variable.substr(equals + 1)));
  }
  return settings;
}

}  // namespace bantam
