// SPDX-License-Identifier: MIT
// What is written from the table: the page, the schema, files that load again.
#include <gtest/gtest.h>

#include "base/mapped_file.h"
#include "config/settings_page.h"
#include "config/settings_schema.h"
#include "config/settings_yaml.h"
#include "config/yaml_settings.h"

namespace bantam {
namespace {

std::vector<GivenSetting> read_back(const std::string& text) {
  std::vector<GivenSetting> settings;
  for (const FileSetting& found : parse_settings(text, "f")) {
    settings.push_back(
        {find_setting(found.setting->key).value(), found.value, "f", "f"});
  }
  return settings;
}

// A configuration unlike the defaults, with texts that need quotes.
RunConfig unusual() {
  RunConfig config;
  const auto set = [](std::string_view key, SettingValue value) {
    return GivenSetting{
        find_setting(key).value(), std::move(value), "x:1", "x"};
  };
  config.apply(
      Layer::file,
      {set("model.name", std::string("42")),
       set("sampling.temperature", 0.30000000000000004),
       set("sampling.seed", ~uint64_t{0}),
       set("sampling.stop", std::vector<std::string>{"\n# \"é\"\t", "- a: b"}),
       set("execution.system_prompt", std::string("true")),
       set("output.json", true)});
  return config;
}

void expect_same_values(const RunConfig& a, const RunConfig& b) {
  for (size_t i = 0; i < kSettings.size(); ++i) {
    EXPECT_EQ(a.value(i), b.value(i)) << kSettings[i].key;
  }
}

TEST(SettingsOutput, ThePageIsTheCommittedOne) {
  const MappedFile file(BANTAM_SOURCE_DIR "/docs/configuration.md");
  EXPECT_EQ(settings_page(), file.text())
      << "run: build/bantam config --docs > docs/configuration.md";
}

TEST(SettingsOutput, ThePageNamesEverySetting) {
  const std::string page = settings_page();
  for (const Setting& setting : kSettings) {
    EXPECT_NE(
        page.find(fmt::format("| `{}` |", setting.key)), std::string::npos)
        << setting.key;
  }
}

TEST(SettingsOutput, WrittenFilesLoadAgain) {
  const RunConfig config = unusual();
  RunConfig shown;
  shown.apply(Layer::file, read_back(shown_settings(config)));
  expect_same_values(shown, config);
  RunConfig commented;
  commented.apply(Layer::file, read_back(commented_settings(config, {"a: b"})));
  expect_same_values(commented, config);
}

TEST(SettingsOutput, ShownSettingsNameTheirSource) {
  const std::string shown = shown_settings(unusual());
  EXPECT_NE(shown.find("  name: \"42\"  # x:1\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("  max_tokens: 256  # default\n"), std::string::npos);
  EXPECT_NE(shown.find("  # ram is not set\n"), std::string::npos);
}

TEST(SettingsOutput, SchemaHoldsEverySetting) {
  const Json schema = settings_schema();
  EXPECT_EQ(schema["additionalProperties"], false);
  for (const Setting& setting : kSettings) {
    const Json& section = schema["properties"][std::string(setting.section())];
    EXPECT_EQ(section["additionalProperties"], false);
    ASSERT_TRUE(section["properties"].contains(std::string(setting.name())))
        << setting.key;
  }
  const Json& sampling = schema["properties"]["sampling"]["properties"];
  EXPECT_EQ(sampling["top_p"]["maximum"], 1.0);
  EXPECT_EQ(sampling["top_p"]["type"], "number");
  EXPECT_EQ(sampling["max_tokens"]["minimum"], 1);
  EXPECT_FALSE(sampling["max_tokens"].contains("maximum"));
  EXPECT_EQ(sampling["kv_bits"]["enum"], (Json{16, 8, 4}));
  EXPECT_EQ(
      schema["properties"]["environment"]["properties"]["abort_on_swap"]
            ["enum"],
      (Json{true, false, "strict"}));
}

}  // namespace
}  // namespace bantam
