// SPDX-License-Identifier: MIT
// bantam generate: the flag names of mlx_lm.generate, so that scripts written
// for it work unchanged. A flag that bantam cannot honour is an error.
#include <array>
#include <memory>

#include "base/error.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/setting_flags.h"

namespace bantam {

namespace {

constexpr const char* kDefaultPrompt = "hello";

struct RefusedFlag {
  const char* names;
  bool takes_value;
  const char* reason;
};

constexpr std::array kRefusedFlags{
    RefusedFlag{
        "--trust-remote-code",
        false,
        "bantam never runs code that comes with a model; leave it out"},
    RefusedFlag{
        "--adapter-path",
        true,
        "adapters are not supported; fuse the "
        "adapter into the model first"},
    RefusedFlag{
        "--use-default-chat-template",
        false,
        "bantam uses the model's own template or none; leave it out"},
    RefusedFlag{"--xtc-probability", true, "XTC sampling is not supported"},
    RefusedFlag{"--xtc-threshold", true, "XTC sampling is not supported"},
    RefusedFlag{
        "--min-tokens-to-keep",
        true,
        "min-p always keeps the likeliest token; leave it out"},
    RefusedFlag{
        "--prompt-cache-file",
        true,
        "saved prompt caches are not supported"},
    RefusedFlag{
        "--quantize-activations,-q",
        false,
        "bantam does not quantize activations to 4 or 8 bits; leave it out"},
    RefusedFlag{
        "--kv-group-size",
        true,
        "--kv-bits has one size of groups; leave it out"},
    RefusedFlag{
        "--quantized-kv-start",
        true,
        "--kv-bits holds from the first token on; leave it out"},
    RefusedFlag{"--draft-model", true, "draft models are not supported"},
    RefusedFlag{"--num-draft-tokens", true, "draft models are not supported"},
};

void add_refused_flags(CLI::App& command) {
  const std::string group = "";  // not in --help
  for (const RefusedFlag& flag : kRefusedFlags) {
    const auto refuse = [flag] {
      fail(ErrorCode::invalid_request, "{}: {}", flag.names, flag.reason);
    };
    if (flag.takes_value) {
      command
          .add_option_function<std::string>(
              flag.names, [refuse](const std::string&) { refuse(); })
          ->group(group);
    } else {
      command.add_flag_callback(flag.names, refuse)->group(group);
    }
  }
}

// mlx_lm.generate lets a shell write line breaks as \n and \t.
std::string unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] == '\\' && (next == 'n' || next == 't')) {
      out.push_back(next == 'n' ? '\n' : '\t');
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

int generate(const SettingFlags& flags) {
  const RunConfig config = flags.read();
  std::string prompt = config.text("execution.prompt");
  if (config.layer("execution.prompt") == Layer::defaults) {
    prompt = kDefaultPrompt;
  }
  prompt = unescape(prompt == "-" ? read_stdin() : prompt);
  return answer(
      run_options(config, prompt, commands::kGenerate),
      {.statistics = config.boolean("output.verbose")});
}

}  // namespace

void add_generate_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand(
      "generate", "The same with the flag names of mlx_lm.generate");
  command->footer(
      "The values that are left out are bantam's defaults, shown above; "
      "mlx_lm.generate's\nown are --temp 0 and --max-tokens 100. Without "
      "--prompt it is \"hello\", as there.\n\n"
      "  bantam generate --model smollm2 --prompt \"hello\" --max-tokens 64");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kGenerate);
  add_refused_flags(*command);
  command->callback(
      [=, &action] { action = [=] { return generate(*flags); }; });
}

}  // namespace bantam
