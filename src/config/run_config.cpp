// SPDX-License-Identifier: MIT
#include "config/run_config.h"

#include <algorithm>

#include "base/error.h"
#include "config/yaml_settings.h"

namespace bantam {

namespace {

constexpr SettingKey<SettingKind::choice> kFramework = "runtime.framework";
constexpr SettingKey<SettingKind::pin> kPin = "runtime.version_pin";

// Whether this value is one that bantam cannot do yet.
bool is_pending(const Setting& setting, const SettingValue& value) {
  if (setting.pending.empty() || value == default_value(setting)) {
    return false;
  }
  if (setting.pending == "*") {
    return true;
  }
  const auto pending = words_of(setting.pending);
  return std::ranges::find(pending, std::get<std::string>(value)) !=
      pending.end();
}

std::string shown(const SettingValue& value, const Setting& setting) {
  const Json json = value_json(setting, value);
  return json.is_string() ? json.get<std::string>() : to_json_line(json);
}

}  // namespace

RunConfig::RunConfig() {
  for (const Setting& setting : kSettings) {
    entries_.push_back(
        {default_value(setting),
         Layer::defaults,
         "default",
         std::string(setting.flag.empty() ? setting.key : setting.flag)});
  }
}

void RunConfig::apply(Layer layer, std::vector<GivenSetting> settings) {
  const std::string framework_before =
      std::get<std::string>(entries_[kFramework.index].value);
  for (GivenSetting& given : settings) {
    entries_[given.index] = {
        std::move(given.value),
        layer,
        std::move(given.from),
        std::move(given.named)};
  }
  if (entries_[kFramework.index].layer == layer &&
      entries_[kPin.index].layer < layer) {
    set_pin_aside(framework_before);
  }
  if (entries_[kPin.index].layer == layer) {
    set_aside_pin_.reset();
  }
}

// A pin belongs to the framework that was chosen when it was written.
void RunConfig::set_pin_aside(const std::string& framework_before) {
  Entry& pin = entries_[kPin.index];
  const auto& framework =
      std::get<std::string>(entries_[kFramework.index].value);
  if (framework == framework_before) {
    return;
  }
  if (set_aside_pin_ && set_aside_pin_->framework == framework) {
    pin.value = set_aside_pin_->pin;  // a layer in between had the other one
    set_aside_pin_.reset();
    return;
  }
  if (std::get<std::string>(pin.value).empty()) {
    return;
  }
  set_aside_pin_ = SetAsidePin{
      .pin = std::get<std::string>(pin.value),
      .from = pin.from,
      .framework = framework_before};
  pin.value = default_value(kSettings[kPin.index]);
}

std::optional<int64_t> RunConfig::bytes(
    SettingKey<SettingKind::size> key) const {
  const auto* bytes = std::get_if<int64_t>(&entries_[key.index].value);
  return bytes == nullptr ? std::nullopt : std::optional(*bytes);
}

void RunConfig::check_available(CommandSet commands) const {
  for (size_t i = 0; i < kSettings.size(); ++i) {
    const Setting& setting = kSettings[i];
    const Entry& entry = entries_[i];
    if ((setting.commands & commands) != 0 &&
        is_pending(setting, entry.value)) {
      const std::string instead = shown(default_value(setting), setting);
      fail(
          ErrorCode::invalid_request,
          "{}: {} is not available yet; leave it out{}",
          entry.named,
          shown(entry.value, setting),
          instead.empty() || instead == "null"
              ? ""
              : fmt::format(", or use {}", instead));
    }
  }
}

Json RunConfig::applied(CommandSet commands) const {
  Json applied = Json::object();
  for (size_t i = 0; i < kSettings.size(); ++i) {
    const Setting& setting = kSettings[i];
    const Entry& entry = entries_[i];
    if ((setting.commands & commands) != 0 && setting.section() != "model") {
      applied[applied_name(setting)] = {
          {"value", value_json(setting, entry.value)}, {"from", entry.from}};
    }
  }
  if (set_aside_pin_ && applied.contains("version_pin")) {
    applied["version_pin"]["set_aside"] = {
        {"value", set_aside_pin_->pin},
        {"written_for", set_aside_pin_->framework}};
  }
  return applied;
}

std::vector<GivenSetting> file_settings(const std::string& path) {
  std::vector<GivenSetting> settings;
  for (FileSetting& found : read_settings_file(path)) {
    const std::string from = fmt::format("{}:{}", path, found.line);
    settings.push_back(
        {find_setting(found.setting->key).value(),
         std::move(found.value),
         from,
         fmt::format("{}: {}", from, found.setting->key)});
  }
  return settings;
}

}  // namespace bantam
