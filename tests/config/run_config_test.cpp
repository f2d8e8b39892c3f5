// SPDX-License-Identifier: MIT
#include "config/run_config.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "refused.h"

namespace bantam {
namespace {

GivenSetting given(
    std::string_view key,
    std::string_view text,
    const std::string& from) {
  const size_t index = find_setting(key).value();
  return {
      index,
      parse_value(kSettings[index], text).value(),
      from,
      from + ": " + std::string(key)};
}

TEST(RunConfig, Defaults) {
  const RunConfig config;
  EXPECT_EQ(config.real("sampling.temperature"), 0.1);
  EXPECT_EQ(config.integer("sampling.max_tokens"), 256);
  EXPECT_EQ(config.integer("sampling.max_kv_size"), 1024);
  EXPECT_EQ(config.text("runtime.framework"), "bantam");
  EXPECT_EQ(config.text("model.name"), "");
  EXPECT_FALSE(config.boolean("execution.thinking_mode"));
  EXPECT_TRUE(config.boolean("environment.clean_room"));
  EXPECT_FALSE(config.bytes("environment.ram"));
  EXPECT_EQ(config.from("sampling.seed"), "default");
  EXPECT_EQ(config.layer("sampling.seed"), Layer::defaults);
  EXPECT_NO_THROW(config.check_available(~CommandSet{0}));
}

TEST(RunConfig, LaterLayersWin) {
  RunConfig config;
  config.apply(
      Layer::file,
      {given("sampling.temperature", "0.2", "f:1"),
       given("sampling.top_k", "3", "f:2"),
       given("sampling.seed", "9", "f:3")});
  config.apply(
      Layer::environment,
      {given("sampling.temperature", "0.3", "env A"),
       given("sampling.top_k", "4", "env B")});
  config.apply(Layer::flag, {given("sampling.temperature", "0.4", "flag")});
  EXPECT_EQ(config.real("sampling.temperature"), 0.4);
  EXPECT_EQ(config.from("sampling.temperature"), "flag");
  EXPECT_EQ(config.integer("sampling.top_k"), 4);
  EXPECT_EQ(config.from("sampling.top_k"), "env B");
  EXPECT_EQ(config.seed("sampling.seed"), 9u);
  EXPECT_EQ(config.named("sampling.seed"), "f:3: sampling.seed");
}

TEST(RunConfig, Applied) {
  RunConfig config;
  config.apply(
      Layer::file,
      {given("sampling.max_kv_size", "64", "c.yaml:7"),
       given("model.repository", "a/b", "c.yaml:2")});
  const Json applied = config.applied(commands::kRun);
  EXPECT_EQ(
      applied["max_kv_size"], (Json{{"value", 64}, {"from", "c.yaml:7"}}));
  EXPECT_EQ(applied["temp"], (Json{{"value", 0.1}, {"from", "default"}}));
  EXPECT_EQ(applied["ram"]["value"], nullptr);
  EXPECT_EQ(applied["stop"]["value"], Json::array());
  EXPECT_FALSE(applied.contains("repository"));
  EXPECT_FALSE(applied.contains("verbose"));  // of generate
  EXPECT_FALSE(config.applied(commands::kLogits).contains("temp"));
}

TEST(RunConfig, PendingSettingsAreRefused) {
  const auto row = std::ranges::find_if(kSettings, [](const Setting& setting) {
    return !setting.pending.empty();
  });
  if (row == kSettings.end()) {
    GTEST_SKIP() << "bantam can do everything that the table has";
  }
  const std::string_view pending = row->pending;
  const std::string value(
      pending == "*" ? "7" : pending.substr(0, pending.find(' ')));
  RunConfig config;
  config.apply(
      Layer::file,
      {given(row->key, value, "f:9"),
       given("environment.abort_on_swap", "true", "f:10")});
  const std::string message =
      refused([&] { config.check_available(row->commands); });
  EXPECT_EQ(
      message.find(
          fmt::format("f:9: {}: {} is not available yet", row->key, value)),
      0u)
      << message;
  // Not a setting of that command.
  EXPECT_NO_THROW(config.check_available(CommandSet{0}));
  config.apply(
      Layer::flag, {given(row->key, std::string(row->fallback), "flag")});
  EXPECT_NO_THROW(config.check_available(row->commands));
}

TEST(RunConfig, APinBelongsToItsFramework) {
  const auto file = [] {
    return std::vector{
        given("runtime.framework", "mlx-lm", "f:5"),
        given("runtime.version_pin", ">=0.15", "f:6")};
  };
  RunConfig same;
  same.apply(Layer::file, file());
  same.apply(Layer::flag, {given("runtime.framework", "mlx-lm", "flag")});
  EXPECT_EQ(same.text("runtime.version_pin"), ">=0.15");
  EXPECT_FALSE(same.set_aside_pin());

  RunConfig other;
  other.apply(Layer::file, file());
  other.apply(Layer::environment, {});
  other.apply(Layer::flag, {given("runtime.framework", "bantam", "flag")});
  EXPECT_EQ(other.text("runtime.version_pin"), "");
  ASSERT_TRUE(other.set_aside_pin());
  EXPECT_EQ(other.set_aside_pin()->framework, "mlx-lm");
  EXPECT_EQ(
      other.applied(commands::kRun)["version_pin"],
      (Json{
          {"value", ""},
          {"from", "f:6"},
          {"set_aside", {{"value", ">=0.15"}, {"written_for", "mlx-lm"}}}}));

  // Two layers that take each other back.
  RunConfig there;
  there.apply(Layer::file, file());
  there.apply(
      Layer::environment, {given("runtime.framework", "bantam", "env")});
  there.apply(Layer::flag, {given("runtime.framework", "mlx-lm", "flag")});
  EXPECT_EQ(there.text("runtime.version_pin"), ">=0.15");
  EXPECT_FALSE(there.set_aside_pin());

  // A pin of the same layer as the framework is meant for it.
  RunConfig own;
  own.apply(Layer::file, file());
  own.apply(
      Layer::flag,
      {given("runtime.framework", "bantam", "flag"),
       given("runtime.version_pin", ">=0.1", "flag")});
  EXPECT_EQ(own.text("runtime.version_pin"), ">=0.1");
  EXPECT_FALSE(own.set_aside_pin());

  // A pin without a framework was written for the default one.
  RunConfig bare;
  bare.apply(Layer::file, {given("runtime.version_pin", ">=0.1", "f:2")});
  bare.apply(Layer::flag, {given("runtime.framework", "mlx-lm", "flag")});
  ASSERT_TRUE(bare.set_aside_pin());
  EXPECT_EQ(bare.set_aside_pin()->framework, "bantam");
}

}  // namespace
}  // namespace bantam
