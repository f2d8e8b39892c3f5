// SPDX-License-Identifier: MIT
#include "cli/setting_flags.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"

extern char** environ;

namespace bantam {

namespace {

constexpr const char* kConfigVariable = "BANTAM_CONFIG";

// What stands for the value in --help.
std::string placeholder(const Setting& setting) {
  if (!setting.placeholder.empty()) {
    return std::string(setting.placeholder);
  }
  switch (setting.kind) {
    case SettingKind::integer:
    case SettingKind::seed:
      return "INT";
    case SettingKind::real:
      return "FLOAT";
    case SettingKind::size:
      return "SIZE";
    case SettingKind::choice: {
      const auto pending = words_of(setting.pending);
      std::string names;
      for (const std::string& name : words_of(setting.choices)) {
        if (std::ranges::find(pending, name) == pending.end()) {
          names += (names.empty() ? "" : "|") + name;
        }
      }
      return names;
    }
    default:
      return "TEXT";
  }
}

CLI::Option* add_flag(
    CLI::App& command,
    const Setting& setting,
    bool with_short_flag) {
  std::string names(setting.flag);
  if (with_short_flag && !setting.short_flag.empty()) {
    names = fmt::format("{},{}", setting.short_flag, setting.flag);
  }
  const std::string help(setting.help);
  CLI::Option* option;
  if (setting.form == FlagForm::toggle) {
    option = command.add_flag(names, help);
  } else {
    option = command.add_option(names, CLI::callback_t(), help)
                 ->type_name(placeholder(setting));
    if (setting.kind == SettingKind::texts) {
      option->expected(1, CLI::detail::expected_max_vector_size)
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
          ->allow_extra_args(setting.form == FlagForm::greedy);
    } else if (!setting.fallback.empty()) {
      option->default_str(std::string(setting.fallback));
    }
  }
  // What is not there yet is not shown; using it says why.
  return option->group(
      setting.pending == "*" ? "" : std::string(setting.group));
}

SettingValue flag_value(const Setting& setting, const CLI::Option& option) {
  const std::vector<std::string>& words = option.results();
  if (setting.kind == SettingKind::texts) {
    return words;
  }
  const std::string& text = words.back();
  const auto value = parse_value(setting, text);
  if (!value) {
    fail(
        ErrorCode::invalid_request,
        "{}: {}",
        setting.flag,
        refusal(setting, text));
  }
  return setting.flag_negates ? !std::get<bool>(*value) : *value;
}

}  // namespace

SettingFlags::SettingFlags(CLI::App& command, CommandSet which)
    : which_(which),
      config_(command
                  .add_option(
                      "--config",
                      CLI::callback_t(),
                      "Settings from a YAML file; flags win")
                  ->type_name("FILE")) {
  for (size_t i = 0; i < kSettings.size(); ++i) {
    const Setting& setting = kSettings[i];
    if ((setting.commands & which) != 0 && !setting.flag.empty()) {
      flags_.push_back(
          {i, add_flag(command, setting, which == commands::kGenerate)});
    }
  }
}

RunConfig SettingFlags::read(std::vector<GivenSetting> arguments) const {
  RunConfig config;
  const char* variable = std::getenv(kConfigVariable);
  if (config_->count() > 0) {
    config.apply(Layer::file, file_settings(config_->results().back()));
  } else if (variable != nullptr && *variable != '\0') {
    config.apply(Layer::file, file_settings(variable));
  }
  config.apply(Layer::environment, environment_settings(environ));
  std::vector<GivenSetting> given;
  for (const Flag& flag : flags_) {
    if (flag.option->count() > 0) {
      const Setting& setting = kSettings[flag.index];
      given.push_back(
          {flag.index,
           flag_value(setting, *flag.option),
           "flag",
           std::string(setting.flag)});
    }
  }
  std::ranges::move(arguments, std::back_inserter(given));
  config.apply(Layer::flag, std::move(given));
  config.check_available(which_);
  return config;
}

GivenSetting argument(
    SettingKey<SettingKind::text> key,
    const std::string& value) {
  return {key.index, value, "argument", std::string(kSettings[key.index].key)};
}

}  // namespace bantam
