// SPDX-License-Identifier: MIT
// The table itself: every row is complete and none contradicts another.
#include "config/setting_table.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "config/setting_names.h"
#include "config/setting_value.h"

namespace bantam {
namespace {

TEST(SettingTable, NamesAreUnique) {
  std::set<std::string> keys, flags, variables, applied;
  for (const Setting& setting : kSettings) {
    const std::string key(setting.key);
    EXPECT_TRUE(keys.insert(key).second) << key;
    EXPECT_TRUE(variables.insert(environment_name(setting)).second) << key;
    EXPECT_TRUE(applied.insert(applied_name(setting)).second) << key;
    if (!setting.flag.empty()) {
      EXPECT_TRUE(flags.insert(std::string(setting.flag)).second) << key;
      EXPECT_TRUE(setting.flag.starts_with("--")) << key;
    }
  }
}

TEST(SettingTable, RowsAreComplete) {
  std::set<std::string_view> sections;
  for (const SettingSection& section : kSettingSections) {
    sections.insert(section.name);
    EXPECT_FALSE(section.help.empty()) << section.name;
  }
  for (const Setting& setting : kSettings) {
    SCOPED_TRACE(setting.key);
    EXPECT_TRUE(sections.contains(setting.section()));
    EXPECT_EQ(setting.name().find('.'), std::string_view::npos);
    EXPECT_FALSE(setting.help.empty());
    EXPECT_NE(setting.commands, 0u);
    EXPECT_EQ(setting.flag.empty(), setting.group.empty());
    EXPECT_EQ(setting.kind == SettingKind::choice, !setting.choices.empty());
    EXPECT_TRUE(
        setting.form != FlagForm::toggle ||
        setting.kind == SettingKind::boolean);
    // A switch that a user never needs would be one that is on already.
    if (setting.form == FlagForm::toggle) {
      EXPECT_EQ(setting.fallback, setting.flag_negates ? "true" : "false");
    }
    if (setting.pending != "*") {
      const auto choices = words_of(setting.choices);
      for (const std::string& word : words_of(setting.pending)) {
        EXPECT_NE(
            std::find(choices.begin(), choices.end(), word), choices.end());
        EXPECT_NE(word, setting.fallback);
      }
    }
  }
}

TEST(SettingTable, DefaultsAreValues) {
  for (const Setting& setting : kSettings) {
    SCOPED_TRACE(setting.key);
    EXPECT_NO_THROW(default_value(setting));
    // Only sizes and texts may be unset.
    if (setting.fallback.empty()) {
      EXPECT_TRUE(
          setting.kind == SettingKind::size ||
          setting.kind == SettingKind::text ||
          setting.kind == SettingKind::pin ||
          setting.kind == SettingKind::texts);
    }
  }
}

TEST(SettingNames, OneRuleEach) {
  const Setting& temperature = kSettings[*find_setting("sampling.temperature")];
  EXPECT_EQ(environment_name(temperature), "BANTAM_SAMPLING_TEMPERATURE");
  EXPECT_EQ(applied_name(temperature), "temp");
  const Setting& clean = kSettings[*find_setting("environment.clean_room")];
  EXPECT_EQ(applied_name(clean), "clean_room");
  EXPECT_FALSE(find_setting("sampling.temp"));
  EXPECT_FALSE(find_setting("temperature"));
}

TEST(SettingNames, NearestKey) {
  EXPECT_EQ(nearest_key("sampling.temprature"), "sampling.temperature");
  EXPECT_EQ(nearest_key("sampling.temp"), "sampling.temperature");
  EXPECT_EQ(nearest_key("sampling.max-tokens"), "sampling.max_tokens");
  // In the wrong section, or in none.
  EXPECT_EQ(nearest_key("runtime.max_kv_size"), "sampling.max_kv_size");
  EXPECT_EQ(nearest_key("temperature"), "sampling.temperature");
  EXPECT_EQ(nearest_key("samplings"), "sampling");
  EXPECT_EQ(nearest_key("sampling.flavour"), "");
  EXPECT_EQ(nearest_key(""), "");
  EXPECT_EQ(nearest_key("."), "");
  EXPECT_EQ(
      nearest_environment_name("BANTAM_TEMP"), "BANTAM_SAMPLING_TEMPERATURE");
  EXPECT_EQ(
      nearest_environment_name("BANTAM_SAMPLING_TEMPERATUR"),
      "BANTAM_SAMPLING_TEMPERATURE");
}

}  // namespace
}  // namespace bantam
