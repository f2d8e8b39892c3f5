// SPDX-License-Identifier: MIT
// bantam plan MODEL: how much memory a run will take, from headers alone.
#include "engine/plan_report.h"

#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/size.h"
#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/setting_flags.h"

namespace bantam {

namespace {

void print_experts(const Json& experts) {
  const auto size = [&](const char* key) {
    return format_size(experts[key].get<int64_t>());
  };
  std::printf(
      "experts %s of %s stay in memory; a token uses %s of them",
      size("resident_bytes").c_str(),
      size("total_bytes").c_str(),
      size("bytes_per_token").c_str());
  if (experts["resident_bytes"] < experts["total_bytes"]) {
    std::printf(
        "\n        and reads %s of that from disk if all are as likely (%.1f "
        "%% "
        "in memory); one that is missing costs %s",
        size("expected_read_bytes_per_token").c_str(),
        100 * experts["expected_hit_rate"].get<double>(),
        size("miss_bytes").c_str());
  }
  std::printf("\n");
}

void print_table(const Json& report) {
  const auto size = [&](const Json& bytes) {
    return format_size(bytes.get<int64_t>());
  };
  const auto row = [](const char* name, const std::string& value) {
    std::printf("  %-28s %10s\n", name, value.c_str());
  };
  std::printf(
      "%s, a cache of %lld tokens\n\n",
      report["model"].get<std::string>().c_str(),
      static_cast<long long>(report["context_tokens"].get<int64_t>()));
  for (const Json& part : report["parts"]) {
    row(part["name"].get<std::string>().c_str(), size(part["bytes"]));
  }
  row("total", size(report["total_bytes"]));
  std::printf(
      "\nbudget  %s: %s\n",
      size(report["budget_bytes"]).c_str(),
      report["budget_because"].get<std::string>().c_str());
  if (!report["gpu_budget_bytes"].is_null()) {
    std::printf(
        "GPU     %s of %s%s\n",
        size(report["gpu_bytes"]).c_str(),
        size(report["gpu_budget_bytes"]).c_str(),
        report["embedding_on_cpu"].get<bool>()
            ? ", with the input embedding looked up by the CPU"
            : "");
  }
  if (!report["experts"].is_null()) {
    print_experts(report["experts"]);
  }
  const int64_t most = report["max_context_tokens"].get<int64_t>();
  if (report["fits"].get<bool>()) {
    std::printf(
        "fits    yes; the cache may have up to %lld tokens\n",
        static_cast<long long>(most));
    return;
  }
  std::printf("fits    no\n");
  for (const Json& reason : report["reasons"]) {
    std::printf("        %s\n", reason.get<std::string>().c_str());
  }
  std::printf("\nwhat would fit:\n");
  for (const Json& option : report["options"]) {
    std::printf("  - %s\n", option["text"].get<std::string>().c_str());
    if (!option["command"].is_null()) {
      std::printf("      %s\n", option["command"].get<std::string>().c_str());
    }
  }
  if (report["options"].empty()) {
    std::printf("  nothing that bantam knows of\n");
  }
}

int plan(const CLI::Option& model, const SettingFlags& flags) {
  std::vector<GivenSetting> arguments;
  if (model.count() > 0) {
    arguments.push_back(argument("model.name", model.results().front()));
  }
  const RunConfig config = flags.read(std::move(arguments));
  EngineOptions options = engine_options(config);
  options.model = choose_model(config).name;
  options.parallel = config.integer("server.parallel");
  options.prefix_cache_bytes = config.bytes("runtime.prefix_cache").value_or(0);
  const Json report = plan_report(options);
  if (config.boolean("output.json")) {
    std::printf("%s\n", to_json_line(report).c_str());
  } else {
    print_table(report);
  }
  return report["fits"].get<bool>()
      ? 0
      : error_kind(ErrorCode::insufficient_memory).exit_code;
}

}  // namespace

void add_plan_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "plan", "How much memory a run will take, before it starts");
  command->footer(
      "Reads headers alone, so a file of any size takes milliseconds. Exit "
      "code 4 if\nit does not fit; then it says what would.\n\n"
      "  bantam plan smollm2\n"
      "  bantam plan model.gguf --ram 16GiB --max-kv-size 4096");
  const CLI::Option* model =
      command->add_option("MODEL", CLI::callback_t(), "See bantam run --help");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kPlan);
  command->callback(
      [=, &action] { action = [=] { return plan(*model, *flags); }; });
}

}  // namespace bantam
