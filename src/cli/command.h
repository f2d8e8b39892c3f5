// SPDX-License-Identifier: MIT
// The commands: each adds itself to the parser and says what to call when it
// is chosen. A command returns the exit code.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace bantam {

/// Set by the chosen subcommand's callback; run after parsing succeeded.
using Action = std::function<int()>;

void add_run_command(CLI::App& app, Action& action);
void add_chat_command(CLI::App& app, Action& action);
void add_generate_command(CLI::App& app, Action& action);
void add_inspect_command(CLI::App& app, Action& action);
void add_config_command(CLI::App& app, Action& action);
void add_serve_command(CLI::App& app, Action& action);
void add_plan_command(CLI::App& app, Action& action);
void add_replay_command(CLI::App& app, Action& action);
void add_convert_command(CLI::App& app, Action& action);
void add_advise_command(CLI::App& app, Action& action);
void add_doctor_command(CLI::App& app, Action& action);
void add_bench_command(CLI::App& app, Action& action);
void add_env_command(CLI::App& app, Action& action);
void add_ask_command(CLI::App& app, Action& action);
void add_index_command(CLI::App& app, Action& action);
void add_debug_command(CLI::App& app, Action& action);

}  // namespace bantam
