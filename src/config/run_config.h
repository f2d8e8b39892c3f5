// SPDX-License-Identifier: MIT
// Every setting's value and where it came from. Later layers win: defaults, the
// configuration file, BANTAM_* environment variables, flags and arguments.
//
//   RunConfig config;
//   config.apply(Layer::file, file_settings("inference_config.yaml"));
//   config.apply(Layer::environment, environment_settings(environ));
//   config.real("sampling.temperature");
//
// A key that is not in the table, or is of another kind, does not compile.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/setting_names.h"
#include "config/setting_value.h"

namespace bantam {

enum class Layer { defaults, file, environment, flag };

/// A setting that one layer gives.
struct GivenSetting {
  size_t index = 0;  // in kSettings
  SettingValue value;
  std::string from;   // "config.yaml:3", "env BANTAM_X", "flag", "argument"
  std::string named;  // for messages: "config.yaml:3: sampling.seed", "--seed"
};

/// A key of the table, checked when the program is compiled. Without kinds,
/// any setting's.
template <SettingKind... kinds>
struct SettingKey {
  // NOLINTNEXTLINE(google-explicit-constructor): reads as the key it is.
  consteval SettingKey(const char* key) : index(find_setting(key).value()) {
    constexpr bool any = sizeof...(kinds) == 0;
    if (!any && !((kSettings[index].kind == kinds) || ...)) {
      throw "the setting is of another kind";
    }
  }
  size_t index;
};

/// A pin of the file that is not in force, since a later layer chose another
/// framework than the one it was written for.
struct SetAsidePin {
  std::string pin;
  std::string from;
  std::string framework;
};

class RunConfig {
 public:
  RunConfig();  // the defaults

  /// Lays one layer's settings over what is there; call once per layer, lowest
  /// first. A setting given twice in one layer: the last counts.
  void apply(Layer layer, std::vector<GivenSetting> settings);

  bool boolean(SettingKey<SettingKind::boolean> key) const {
    return std::get<bool>(entries_[key.index].value);
  }
  /// Of a setting that has a default; see number_if_set().
  int64_t integer(SettingKey<SettingKind::integer> key) const {
    return std::get<int64_t>(entries_[key.index].value);
  }
  uint64_t seed(SettingKey<SettingKind::seed> key) const {
    return std::get<uint64_t>(entries_[key.index].value);
  }
  double real(SettingKey<SettingKind::real> key) const {
    return std::get<double>(entries_[key.index].value);
  }
  /// A text that is not set is empty.
  const std::string& text(
      SettingKey<SettingKind::text, SettingKind::choice, SettingKind::pin> key)
      const {
    return std::get<std::string>(entries_[key.index].value);
  }
  const std::vector<std::string>& texts(
      SettingKey<SettingKind::texts> key) const {
    return std::get<std::vector<std::string>>(entries_[key.index].value);
  }
  /// Bytes; nullopt if not set.
  std::optional<int64_t> bytes(SettingKey<SettingKind::size> key) const;

  Layer layer(SettingKey<> key) const { return entries_[key.index].layer; }
  /// "default", "config.yaml:3", "env BANTAM_SAMPLING_SEED", "flag", ...
  const std::string& from(SettingKey<> key) const {
    return entries_[key.index].from;
  }
  /// How a message should name the setting: by its line, variable or flag.
  const std::string& named(SettingKey<> key) const {
    return entries_[key.index].named;
  }
  /// Of kSettings[index], to walk over all.
  const SettingValue& value(size_t index) const {
    return entries_[index].value;
  }
  const std::string& source(size_t index) const { return entries_[index].from; }
  const std::optional<SetAsidePin>& set_aside_pin() const {
    return set_aside_pin_;
  }

  /// Throws invalid_request if a setting that one of `commands` takes asks
  /// for what bantam cannot do yet.
  void check_available(CommandSet commands) const;

  /// {"temp": {"value": 0.1, "from": "default"}, ...}: the settings that
  /// `commands` take, without those that choose the model.
  Json applied(CommandSet commands) const;

 private:
  struct Entry {
    SettingValue value;
    Layer layer = Layer::defaults;
    std::string from;
    std::string named;
  };

  void set_pin_aside(const std::string& framework_before);

  std::vector<Entry> entries_;  // as kSettings
  std::optional<SetAsidePin> set_aside_pin_;
};

/// The file layer. Throws invalid_request.
std::vector<GivenSetting> file_settings(const std::string& path);

/// The environment layer: every BANTAM_* variable that is not empty, out of a
/// null-terminated list of "NAME=VALUE". Throws invalid_request for a value
/// that is none and for a variable that nothing reads.
std::vector<GivenSetting> environment_settings(const char* const* variables);

}  // namespace bantam
