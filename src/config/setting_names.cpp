// SPDX-License-Identifier: MIT
#include "config/setting_names.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"

namespace bantam {

namespace {

constexpr std::string_view kPrefix = "BANTAM_";

std::string with(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

std::string upper(std::string text) {
  for (char& c : text) {
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

// "max_kv_size" of "--max-kv-size"; "" without a flag.
std::string flag_name(const Setting& setting) {
  return setting.flag.empty()
      ? ""
      : with(std::string(setting.flag.substr(2)), '-', '_');
}

}  // namespace

std::string applied_name(const Setting& setting) {
  return setting.flag.empty() || setting.flag_negates
      ? std::string(setting.name())
      : flag_name(setting);
}

std::string environment_name(const Setting& setting) {
  return std::string(kPrefix) + with(upper(std::string(setting.key)), '.', '_');
}

std::string nearest_key(std::string_view key) {
  const size_t dot = key.find('.');
  const std::string last =
      with(std::string(dot == key.npos ? key : key.substr(dot + 1)), '-', '_');
  if (last.empty()) {
    return "";
  }
  for (const Setting& setting : kSettings) {
    if (last == setting.name() || last == flag_name(setting)) {
      return std::string(setting.key);
    }
  }
  std::vector<std::string> sections, keys;
  for (const SettingSection& section : kSettingSections) {
    sections.emplace_back(section.name);
  }
  if (dot == key.npos) {
    return nearest(key, sections);
  }
  // Within its section by the last part alone: a long section's name would
  // make all its keys near.
  for (const Setting& setting : kSettings) {
    if (setting.section() == key.substr(0, dot)) {
      keys.emplace_back(setting.name());
    }
  }
  const std::string near = nearest(last, keys);
  return near.empty() ? "" : fmt::format("{}.{}", key.substr(0, dot), near);
}

std::string nearest_environment_name(std::string_view name) {
  std::vector<std::string> names;
  for (const Setting& setting : kSettings) {
    const std::string full = environment_name(setting);
    if (name == std::string(kPrefix) + upper(flag_name(setting)) ||
        name == std::string(kPrefix) + upper(std::string(setting.name()))) {
      return full;
    }
    names.push_back(full);
  }
  return nearest(name, names);
}

}  // namespace bantam
