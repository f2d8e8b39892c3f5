// SPDX-License-Identifier: MIT
#include "config/settings_yaml.h"

#include "base/error.h"

namespace bantam {

namespace {

// A value as YAML: JSON is YAML, and its quotes keep a text a text.
std::string yaml_value(const Setting& setting, const SettingValue& value) {
  return to_json_line(value_json(setting, value));
}

bool is_set(const SettingValue& value) {
  return !std::holds_alternative<std::monostate>(value) &&
      value != SettingValue(std::string());
}

// Calls back for each section and its settings, in the table's order.
template <typename OnSection, typename OnSetting>
void walk(const OnSection& on_section, const OnSetting& on_setting) {
  for (const SettingSection& section : kSettingSections) {
    on_section(section);
    for (size_t i = 0; i < kSettings.size(); ++i) {
      if (kSettings[i].section() == section.name) {
        on_setting(i);
      }
    }
  }
}

std::string wrapped_comment(const std::string& text) {
  constexpr size_t kColumns = 76;
  std::string out, line;
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && line.size() + 1 + word.size() > kColumns) {
      out += "  # " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  return out + "  # " + line + "\n";
}

std::string explanation(const Setting& setting) {
  std::string text(setting.help);
  if (setting.kind != SettingKind::boolean &&
      setting.kind != SettingKind::text) {
    text += fmt::format(" ({})", expectation(setting));
  }
  if (setting.pending == "*") {
    text += "; not available yet";
  } else if (!setting.pending.empty()) {
    text += fmt::format("; not available yet: {}", setting.pending);
  }
  return text;
}

}  // namespace

std::string shown_settings(const RunConfig& config) {
  std::string out;
  walk(
      [&](const SettingSection& section) {
        out += fmt::format("{}:\n", section.name);
      },
      [&](size_t i) {
        const Setting& setting = kSettings[i];
        const SettingValue& value = config.value(i);
        out += is_set(value)
            ? fmt::format(
                  "  {}: {}  # {}\n",
                  setting.name(),
                  yaml_value(setting, value),
                  config.source(i))
            : fmt::format("  # {} is not set\n", setting.name());
        const auto& pin = config.set_aside_pin();
        if (setting.kind == SettingKind::pin && pin) {
          out += fmt::format(
              "  # set aside: \"{}\" ({}), written for {}\n",
              pin->pin,
              pin->from,
              pin->framework);
        }
      });
  return out;
}

std::string commented_settings(
    const RunConfig& config,
    const std::vector<std::string>& preface) {
  std::string out;
  for (const std::string& line : preface) {
    out += fmt::format("# {}\n", line);
  }
  walk(
      [&](const SettingSection& section) {
        out += fmt::format("\n# {}\n{}:\n", section.help, section.name);
      },
      [&](size_t i) {
        const Setting& setting = kSettings[i];
        const SettingValue& value = config.value(i);
        const bool in_force = is_set(value) && setting.pending != "*";
        out += wrapped_comment(explanation(setting));
        out += fmt::format(
            "  {}{}:{}\n",
            in_force ? "" : "# ",
            setting.name(),
            is_set(value) ? " " + yaml_value(setting, value) : "");
      });
  return out;
}

}  // namespace bantam
