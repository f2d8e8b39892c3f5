// SPDX-License-Identifier: MIT
#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "cli/command.h"
#include "cli/gpu_program.h"
#include "cli/version.h"

namespace bantam {

namespace {

// Names of the flags and subcommands that `app` understands.
std::vector<std::string> known_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back("--" + name);
    }
  }
  for (const CLI::App* subcommand :
       app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(subcommand->get_name());
  }
  return names;
}

// The command that was chosen, down to the last subcommand.
const CLI::App& chosen(const CLI::App& app) {
  const auto subcommands = app.get_subcommands();
  return subcommands.empty() ? app : chosen(*subcommands.front());
}

[[noreturn]] void refuse_argument(
    const CLI::App& command,
    const std::string& word) {
  const bool flag = word.size() > 1 && word.front() == '-';
  const std::string name = word.substr(0, word.find('='));
  const std::string near = nearest(name, known_names(command));
  fail(
      ErrorCode::invalid_request,
      "unknown {} {}{}; see bantam {} --help",
      flag ? "flag" : "argument",
      name,
      near.empty() ? "" : "; did you mean " + near + "?",
      command.get_parent() == nullptr ? "" : command.get_name());
}

void parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      throw;  // --help, --version
    }
    fail(ErrorCode::invalid_request, "{}", error.what());
  }
  for (const CLI::App* level = &app;;) {
    const std::vector<std::string> rest = level->remaining();
    if (!rest.empty()) {
      refuse_argument(*level, rest.front());
    }
    if (level->get_subcommands().empty()) {
      return;
    }
    level = level->get_subcommands().front();
  }
}

int run_program(int argc, char** argv) {
  CLI::App app(
      "bantam runs large language models on small machines, and says "
      "beforehand how much memory it takes.",
      "bantam");
  app.set_version_flag("--version", std::string("bantam ") + kVersion);
  app.footer(
      "bantam run \"What is gravity?\" answers with the built-in small model.\n"
      "Exit codes: 0 done, 1 bug, 2 wrong usage, 3 model missing or damaged,\n"
      "4 does not fit, 5 memory pressure, 6 swap, 7 backend unavailable,\n"
      "130 interrupted.");
  app.allow_extras();
  Action action;
  add_run_command(app, action);
  add_chat_command(app, action);
  add_generate_command(app, action);
  add_serve_command(app, action);
  add_ask_command(app, action);
  add_index_command(app, action);
  add_inspect_command(app, action);
  add_config_command(app, action);
  add_plan_command(app, action);
  add_replay_command(app, action);
  add_convert_command(app, action);
  add_advise_command(app, action);
  add_doctor_command(app, action);
  add_bench_command(app, action);
  add_env_command(app, action);
  add_debug_command(app, action);
  for (CLI::App* command :
       app.get_subcommands([](const CLI::App*) { return true; })) {
    command->allow_extras();
    for (CLI::App* inner :
         command->get_subcommands([](const CLI::App*) { return true; })) {
      inner->allow_extras();
    }
  }
  try {
    parse(app, argc, argv);
  } catch (const CLI::ParseError& help) {
    return app.exit(help);
  }
  if (!action) {
    std::fputs(chosen(app).help().c_str(), stderr);
    return error_kind(ErrorCode::invalid_request).exit_code;
  }
  return action();
}

int report(const char* message, ErrorCode code) {
  std::fflush(stdout);
  std::fprintf(stderr, "bantam: %s\n", message);
  return error_kind(code).exit_code;
}

}  // namespace

}  // namespace bantam

int main(int argc, char** argv) {
  using bantam::ErrorCode;
  try {
    try {
      return bantam::run_program(argc, argv);
    } catch (const bantam::GpuProgramNeeded& other) {
      bantam::become(other.path, argv);
    }
  } catch (const bantam::Error& error) {
    return bantam::report(error.what(), error.code());
  } catch (const std::bad_alloc&) {
    return bantam::report(
        "out of memory; use a smaller --max-kv-size or --prefill-chunk",
        ErrorCode::insufficient_memory);
  } catch (const std::exception& error) {
    const std::string message = std::string("a bug in bantam: ") +
        error.what() +
        "; please report it with the command line and bantam --version";
    return bantam::report(message.c_str(), ErrorCode::internal);
  }
}
