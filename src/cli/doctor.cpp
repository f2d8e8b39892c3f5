// SPDX-License-Identifier: MIT
// bantam doctor [MODEL]: is everything right for a run? One page.
#include "engine/doctor.h"

#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "cli/chosen_model.h"
#include "cli/command.h"
#include "cli/framework.h"
#include "cli/mlx_lm_runner.h"
#include "cli/options.h"
#include "cli/page.h"
#include "cli/setting_flags.h"

namespace bantam {

namespace {

Json diagnosis_json(const Diagnosis& diagnosis) {
  Json findings = Json::array();
  for (const Finding& finding : diagnosis.findings) {
    findings.push_back(
        {{"id", finding.id},
         {"status", health_name(finding.health)},
         {"text", finding.text},
         {"advice", finding.advice.empty() ? Json() : Json(finding.advice)}});
  }
  const auto or_null = [](const std::optional<double>& value) {
    return value ? Json(*value) : Json();
  };
  return {
      {"would_start", diagnosis.would_start},
      {"findings", std::move(findings)},
      {"bandwidth_bytes_per_second", or_null(diagnosis.bandwidth)},
      {"tokens_per_second", or_null(diagnosis.tokens_per_second)}};
}

// The health's name in colour.
std::string mark(Health health) {
  const int code = health == Health::green ? 32
      : health == Health::yellow           ? 33
                                           : 31;
  return fmt::format("\x1b[{}m{}\x1b[0m", code, health_name(health));
}

std::string finding_text(const Finding& finding, size_t columns) {
  const std::string_view health = health_name(finding.health);
  const std::string first = fmt::format("{:<7} {:<10} ", health, finding.id);
  const std::string margin(first.size(), ' ');
  std::string text = paragraph(first, margin, finding.text, columns);
  if (!finding.advice.empty()) {
    text += paragraph(margin + "-> ", margin + "   ", finding.advice, columns);
  }
  return text;
}

void print_page(const Diagnosis& diagnosis) {
  const bool colour = ::isatty(STDOUT_FILENO) != 0;
  for (const Finding& finding : diagnosis.findings) {
    std::string text = finding_text(finding, page_columns());
    if (colour) {
      const size_t width = health_name(finding.health).size();
      text.replace(0, width, mark(finding.health));
    }
    std::fputs(text.c_str(), stdout);
  }
  std::printf(
      "\n%s\n",
      diagnosis.would_start ? "A run would start."
                            : "A run would be refused: mend what is red.");
}

// A setting that mlx-lm has nothing like is a finding too: a run refuses it.
std::vector<Finding> foreign_findings(
    const RunConfig& config,
    const EngineOptions& engine) {
  try {
    return runner_findings(
        runner_options(config), engine, request_of(config, "doctor"));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_request) {
      throw;
    }
    return {{"runner", Health::red, error.what(), ""}};
  }
}

int doctor(
    const CLI::Option& model,
    const SettingFlags& flags,
    const DoctorOptions& probe) {
  std::vector<GivenSetting> arguments;
  if (model.count() > 0) {
    arguments.push_back(argument("model.name", model.results().front()));
  }
  const RunConfig config = flags.read(std::move(arguments));
  if (!(probe.probe_seconds >= 0) || probe.probe_seconds > 60) {
    fail(
        ErrorCode::invalid_request,
        "--probe-seconds {}: expected 0 to 60",
        probe.probe_seconds);
  }
  DoctorOptions options = probe;
  options.engine = engine_options(config);
  try {
    options.engine.model = choose_model(config).name;
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) {
      throw;
    }
    // Named and not there: the finding "model" says so.
    options.engine.model = config.text("model.local_path");
  }
  options.foreign = config.text("runtime.framework") == "mlx-lm";
  options.runner = options.foreign ? foreign_findings(config, options.engine)
                                   : own_findings(config);
  const Diagnosis diagnosis = diagnose(options);
  if (config.boolean("output.json")) {
    std::printf("%s\n", to_json_line(diagnosis_json(diagnosis)).c_str());
  } else {
    print_page(diagnosis);
  }
  return diagnosis.would_start
      ? 0
      : error_kind(ErrorCode::insufficient_memory).exit_code;
}

}  // namespace

void add_doctor_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "doctor", "Is everything right for a run: machine, memory, model");
  command->footer(
      "Takes the flags of bantam run. Exit code 0 if that run would start, 4 "
      "if it would\nbe refused.\n\n"
      "  bantam doctor\n"
      "  bantam doctor model.gguf --max-kv-size 4096 --json");
  const CLI::Option* model =
      command->add_option("MODEL", CLI::callback_t(), "See bantam run --help");
  auto probe = std::make_shared<DoctorOptions>();
  command->add_option(
      "--probe-seconds",
      probe->probe_seconds,
      "How long memory bandwidth is measured; 0: not at all");
  command->add_flag(
      "--verify",
      probe->verify,
      "Read files of the Hugging Face cache and compare their hashes");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kRun);
  command->callback([=, &action] {
    action = [=] { return doctor(*model, *flags, *probe); };
  });
}

}  // namespace bantam
