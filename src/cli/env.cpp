// SPDX-License-Identifier: MIT
// bantam env create|list|remove: the pinned Python environments of mlx-lm.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "backends/mlx_lm_setup.h"
#include "base/error.h"
#include "base/json.h"
#include "base/size.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/progress_line.h"
#include "cli/setting_flags.h"

namespace bantam {

namespace {

int64_t size_of(const std::string& folder) {
  int64_t bytes = 0;
  std::error_code ignored;
  for (auto entry = std::filesystem::recursive_directory_iterator(
           folder,
           std::filesystem::directory_options::skip_permission_denied,
           ignored);
       entry != std::filesystem::recursive_directory_iterator{};
       entry.increment(ignored)) {
    if (entry->is_regular_file(ignored) && !entry->is_symlink(ignored)) {
      bytes += static_cast<int64_t>(entry->file_size(ignored));
    }
  }
  return bytes;
}

Json environment_json(const MlxLmEnvironment& environment) {
  return {
      {"name", environment.name},
      {"folder", environment.folder},
      {"state", environment_state_name(environment.state)},
      {"problem",
       environment.problem.empty() ? Json() : Json(environment.problem)},
      {"mlx_lm",
       environment.version.empty() ? Json() : Json(environment.version)},
      {"pin", environment.pin},
      {"python", environment.python},
      {"packages", environment.packages},
      {"bytes", size_of(environment.folder)}};
}

void print_environment(const MlxLmEnvironment& environment) {
  std::printf(
      "%-9s %-24s %s\n",
      environment_state_name(environment.state),
      environment.name.c_str(),
      environment.state == EnvironmentState::complete
          ? fmt::format(
                "mlx-lm {}, Python {}, {} packages, {}",
                environment.version,
                environment.python,
                environment.packages,
                format_size(size_of(environment.folder)))
                .c_str()
          : environment.problem.c_str());
  if (environment.state != EnvironmentState::complete) {
    std::printf(
        "          -> bantam env create goes on with it, bantam env remove %s "
        "takes it away\n",
        environment.name.c_str());
  }
}

struct EnvFlags {
  std::shared_ptr<SettingFlags> settings;
  bool json = false;
  std::string pin;
  std::string lock;
  std::string python;
  std::string name;

  std::string environments(const RunConfig& config) const {
    return environments_folder(config.text("runtime.environments"));
  }
};

int create(const EnvFlags& flags) {
  const RunConfig config = flags.settings->read();
  if (!VersionPin::parse(flags.pin)) {
    fail(
        ErrorCode::invalid_request,
        "--pin \"{}\": not a range of versions, such as \">=0.32,<0.33\"",
        flags.pin);
  }
  EnvironmentOrder order{
      .environments = flags.environments(config),
      .pin = flags.pin,
      .lock_file = flags.lock,
      .python = flags.python};
  if (order.pin.empty() && config.text("runtime.framework") == "mlx-lm") {
    order.pin = config.text("runtime.version_pin");
  }
  Interrupt interrupt;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  ProgressLine progress(terminal);
  const MadeEnvironment made = make_environment(
      order,
      [&](const std::string& line) {
        if (terminal) {
          progress.show(line);
        } else {
          std::fprintf(stderr, "%s\n", line.c_str());
        }
      },
      interrupt.token());
  progress.clear();
  if (flags.json) {
    std::printf(
        "%s\n", to_json_line(environment_json(made.environment)).c_str());
  } else {
    std::printf(
        "%s %s: mlx-lm %s, %d packages, in %s\n",
        made.environment.name.c_str(),
        made.was_there ? "is there already" : "is made",
        made.environment.version.c_str(),
        made.environment.packages,
        made.environment.folder.c_str());
  }
  return 0;
}

int list(const EnvFlags& flags) {
  const std::string folder = flags.environments(flags.settings->read());
  const auto environments = list_environments(folder);
  if (flags.json) {
    Json all = Json::array();
    for (const MlxLmEnvironment& environment : environments) {
      all.push_back(environment_json(environment));
    }
    std::printf(
        "%s\n",
        to_json_line({{"folder", folder}, {"environments", all}}).c_str());
    return 0;
  }
  if (environments.empty()) {
    std::printf(
        "No environments in %s; bantam env create makes one.\n",
        folder.c_str());
  }
  for (const MlxLmEnvironment& environment : environments) {
    print_environment(environment);
  }
  return 0;
}

int remove(const EnvFlags& flags) {
  remove_environment(flags.environments(flags.settings->read()), flags.name);
  return 0;
}

// A subcommand with the flags that all of them have.
std::shared_ptr<EnvFlags> add_part(
    CLI::App& env,
    const char* name,
    const char* help,
    int (*call)(const EnvFlags&),
    Action& action,
    CLI::App*& command) {
  command = env.add_subcommand(name, help);
  auto flags = std::make_shared<EnvFlags>();
  flags->settings =
      std::make_shared<SettingFlags>(*command, commands::kEnvironments);
  command->callback([=, &action] { action = [=] { return call(*flags); }; });
  return flags;
}

}  // namespace

void add_env_command(CLI::App& app, Action& action) {
  CLI::App* env = app.add_subcommand(
      "env", "The pinned Python environments that mlx-lm runs in");
  env->footer(
      "Needs Python 3.11 or later and the network once; a run with --framework "
      "mlx-lm makes\nthe environment it needs by itself.\n\n"
      "  bantam env create\n"
      "  bantam env create --pin \">=0.31,<0.32\"\n"
      "  bantam env list\n"
      "  bantam env remove mlx-lm-0.32.2");
  CLI::App* command = nullptr;
  auto flags = add_part(
      *env,
      "create",
      "Make one, or go on with one that is half-made",
      create,
      action,
      command);
  command
      ->add_option(
          "--pin",
          flags->pin,
          "Releases of mlx-lm; left out, the one bantam comes with a lock for")
      ->type_name("RANGE");
  command
      ->add_option(
          "--lock",
          flags->lock,
          "Install exactly these packages: requirements.lock of another one")
      ->type_name("FILE");
  command->add_option("--python", flags->python, "The Python to make it from")
      ->type_name("PROGRAM");
  command->add_flag("--json", flags->json, "Print one JSON object");
  flags = add_part(*env, "list", "What is there", list, action, command);
  command->add_flag("--json", flags->json, "Print one JSON object");
  flags = add_part(*env, "remove", "Take one away", remove, action, command);
  command->add_option("NAME", flags->name, "As env list shows it")->required();
}

}  // namespace bantam
