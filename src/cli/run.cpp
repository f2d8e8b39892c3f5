// SPDX-License-Identifier: MIT
// bantam run [MODEL] PROMPT: one prompt, one answer.
#include <memory>

#include "base/error.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/setting_flags.h"

namespace bantam {

namespace {

// One argument is the prompt, two are the model and the prompt.
struct RunArguments {
  const CLI::Option* first;
  const CLI::Option* second;

  std::vector<GivenSetting> settings() const {
    if (first->count() == 0) {
      return {};
    }
    const std::string& word = first->results().front();
    if (second->count() == 0) {
      return {argument("execution.prompt", word)};
    }
    return {
        argument("model.name", word),
        argument("execution.prompt", second->results().front())};
  }
};

void check_once(const CLI::App& command, const RunArguments& arguments) {
  if (arguments.second->count() > 0 && command.count("--model") > 0) {
    fail(
        ErrorCode::invalid_request,
        "two models are given, by --model and as an argument; put the prompt "
        "in quotes, or leave one out");
  }
  if (arguments.first->count() > 0 && command.count("--prompt") > 0) {
    fail(
        ErrorCode::invalid_request,
        "two prompts are given, by --prompt and as an argument");
  }
}

int run(
    const CLI::App& command,
    const RunArguments& arguments,
    const SettingFlags& flags) {
  check_once(command, arguments);
  const RunConfig config = flags.read(arguments.settings());
  const std::string& prompt = config.text("execution.prompt");
  return answer(run_options(
      config, prompt == "-" ? read_stdin() : prompt, commands::kRun));
}

}  // namespace

void add_run_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("run", "One prompt, one answer");
  command->footer(
      "MODEL is a folder in MLX format, a .gguf file, a repository id in the\n"
      "Hugging Face cache, or smollm2 (the default). One argument alone is the "
      "prompt.\n\n"
      "  bantam run \"What is gravity?\"\n"
      "  bantam run model.gguf - < question.txt\n"
      "  bantam run --temp 0 --json \"List three colours.\"");
  // Two options rather than a list: CLI11 splits a word such as "[a, b]" when
  // it belongs to a list.
  RunArguments arguments{};
  arguments.first =
      command->add_option("MODEL", CLI::callback_t(), "The model");
  arguments.second = command->add_option(
      "PROMPT", CLI::callback_t(), "The prompt; - reads it from stdin");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kRun);
  command->callback([=, &action] {
    action = [=] { return run(*command, arguments, *flags); };
  });
}

}  // namespace bantam
