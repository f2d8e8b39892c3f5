// SPDX-License-Identifier: MIT
// bantam run [MODEL] PROMPT: one prompt, one answer.
#include <memory>

#include "base/error.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/options.h"

namespace bantam {

namespace {

constexpr const char* kDefaultModel = "smollm2";

int run(
    const CLI::App& command,
    RunOptions& options,
    const std::vector<std::string>& words) {
  if (words.empty() || words.size() > 2) {
    fail(
        ErrorCode::invalid_request,
        "run takes [MODEL] PROMPT, but {} arguments were given; put the prompt "
        "in quotes",
        words.size());
  }
  options.prompt = words.back() == "-" ? read_stdin() : words.back();
  options.engine.model = words.size() == 2 ? words.front() : kDefaultModel;
  finish_run_options(options);
  Json applied = applied_settings(command, options);
  applied["model"] = {
      {"value", options.engine.model},
      {"from", words.size() == 2 ? "argument" : "default"}};
  return answer(options, applied);
}

}  // namespace

void add_run_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command = app.add_subcommand("run", "One prompt, one answer");
  command->footer(
      "MODEL is a folder in MLX format, a .gguf file, a repository id in the\n"
      "Hugging Face cache, or smollm2 (the default).\n\n"
      "  bantam run \"What is gravity?\"\n"
      "  bantam run model.gguf - < question.txt\n"
      "  bantam run --temp 0 --json \"List three colours.\"");
  command->add_option(
      "words", *words, "[MODEL] PROMPT; - reads the prompt from stdin");
  add_run_options(*command, *options);
  command->callback([=, &action] {
    action = [=] { return run(*command, *options, *words); };
  });
}

}  // namespace bantam
