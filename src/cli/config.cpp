// SPDX-License-Identifier: MIT
// bantam config: the settings in force, a file to start from, the schema.
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/size.h"
#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/setting_flags.h"
#include "cli/version.h"
#include "config/settings_page.h"
#include "config/settings_schema.h"
#include "config/settings_yaml.h"
#include "engine/inspect.h"
#include "machine/this_machine.h"

namespace bantam {

namespace {

struct ConfigActions {
  bool show = false;
  bool init = false;
  bool schema = false;
  bool docs = false;
};

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

std::string machine_line() {
  const MachineProfile machine = this_machine();
  return fmt::format(
      "Machine: {}{}, {} of memory, {} cores",
      machine.system,
      machine.processor.empty() ? "" : ", " + machine.processor,
      machine.ram_bytes ? format_size(*machine.ram_bytes) : "unknown size",
      machine.physical_cores == 0 ? "an unknown number of"
                                  : std::to_string(machine.physical_cores));
}

// What is known of the model, from its headers: lines for the file's top.
std::vector<std::string> model_lines(const Json& report) {
  std::vector<std::string> lines;
  const auto field = [&](const char* key) {
    return report[key].is_string() ? report[key].get<std::string>()
                                   : to_json_line(report[key]);
  };
  lines.push_back(
      fmt::format(
          "Model: {}, {}, {}",
          field("name"),
          field("architecture"),
          report["weight_bytes"].is_number()
              ? format_size(report["weight_bytes"].get<int64_t>())
              : "of unknown size"));
  if (report["context_tokens"].is_number() &&
      report["kv_bytes_per_token"].is_number()) {
    lines.push_back(
        fmt::format(
            "Its context holds {} tokens, each {} in the key/value cache",
            field("context_tokens"),
            format_size(report["kv_bytes_per_token"].get<int64_t>())));
  }
  return lines;
}

GivenSetting decided(std::string_view key, SettingValue value) {
  return {
      .index = find_setting(key).value(),
      .value = std::move(value),
      .from = "init",
      .named = std::string(key)};
}

int init(RunConfig config) {
  std::vector<std::string> preface{
      fmt::format("Written by bantam {} config --init.", kVersion),
      machine_line()};
  std::vector<GivenSetting> settings;
  const ChosenModel model = choose_model(config);
  const Json report = inspect_model(model.name);
  const auto lines = model_lines(report);
  preface.insert(preface.end(), lines.begin(), lines.end());
  settings.push_back(decided("model.name", model.name));
  settings.push_back(decided("model.local_path", std::string()));
  settings.push_back(decided("model.repository", std::string()));
  if (config.text("runtime.framework") == "bantam" &&
      config.text("runtime.version_pin").empty()) {
    settings.push_back(decided("runtime.version_pin", compatible_pin()));
  }
  if (report["context_tokens"].is_number()) {
    const auto context = report["context_tokens"].get<int64_t>();
    settings.push_back(decided(
        "sampling.max_kv_size",
        std::min(config.integer("sampling.max_kv_size"), context)));
  }
  config.apply(Layer::flag, std::move(settings));
  print(commented_settings(config, preface));
  return 0;
}

int show(const RunConfig& config) {
  if (config.boolean("output.json")) {
    Json settings = Json::object();
    for (size_t i = 0; i < kSettings.size(); ++i) {
      settings[std::string(kSettings[i].key)] = {
          {"value", value_json(kSettings[i], config.value(i))},
          {"from", config.source(i)}};
    }
    print(to_json_line(settings) + "\n");
  } else {
    print(shown_settings(config));
  }
  return 0;
}

int run_config(const ConfigActions& actions, const SettingFlags& flags) {
  const int count = actions.show + actions.init + actions.schema + actions.docs;
  if (count != 1) {
    fail(
        ErrorCode::invalid_request,
        "bantam config takes one of --show, --init, --schema, --docs");
  }
  if (actions.schema) {
    print(settings_schema().dump(2) + "\n");
    return 0;
  }
  if (actions.docs) {
    print(settings_page());
    return 0;
  }
  const RunConfig config = flags.read();
  return actions.init ? init(config) : show(config);
}

}  // namespace

void add_config_command(CLI::App& app, Action& action) {
  auto actions = std::make_shared<ConfigActions>();
  CLI::App* command = app.add_subcommand(
      "config", "The settings in force, their schema, a file to start from");
  command->footer(
      "Takes every other flag too, to show what it does.\n\n"
      "  bantam config --show --config inference_config.yaml --temp 0\n"
      "  bantam config --init --model smollm2 > inference_config.yaml\n"
      "  bantam config --schema > inference_config.schema.json");
  command->add_flag(
      "--show", actions->show, "Print every setting and where it comes from");
  command->add_flag(
      "--init",
      actions->init,
      "Print a commented file for this machine and model");
  command->add_flag(
      "--schema", actions->schema, "Print the JSON schema of the file");
  command->add_flag(
      "--docs", actions->docs, "Print the page docs/configuration.md");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kAll);
  command->callback(
      [=, &action] { action = [=] { return run_config(*actions, *flags); }; });
}

}  // namespace bantam
