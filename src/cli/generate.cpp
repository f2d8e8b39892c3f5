// SPDX-License-Identifier: MIT
// bantam generate: the flag names of mlx_lm.generate, so that scripts written
// for it work unchanged. A flag that bantam cannot honour is an error.
#include <array>
#include <memory>

#include "base/error.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/options.h"

namespace bantam {

namespace {

constexpr const char* kDefaultModel = "smollm2";

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
    RefusedFlag{"--kv-bits", true, "the key/value cache is kept in 16 bits"},
    RefusedFlag{
        "--kv-group-size",
        true,
        "the key/value cache is kept in 16 bits"},
    RefusedFlag{
        "--quantized-kv-start",
        true,
        "the key/value cache is kept in 16 bits"},
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

int generate(const CLI::App& command, RunOptions& options, bool verbose) {
  options.prompt =
      unescape(options.prompt == "-" ? read_stdin() : options.prompt);
  finish_run_options(options);
  Json applied = applied_settings(command, options);
  const bool given = command.get_option("--model")->count() > 0;
  applied["model"] = {
      {"value", options.engine.model}, {"from", given ? "flag" : "default"}};
  return answer(options, applied, {.statistics = verbose});
}

}  // namespace

void add_generate_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  auto verbose = std::make_shared<bool>(false);
  options->engine.model = kDefaultModel;
  options->prompt = "hello";
  CLI::App* command = app.add_subcommand(
      "generate", "The same with the flag names of mlx_lm.generate");
  command->footer(
      "The values that are left out are bantam's defaults, shown above; "
      "mlx_lm.generate's\nown are --temp 0 and --max-tokens 100.\n\n"
      "  bantam generate --model smollm2 --prompt \"hello\" --max-tokens 64");
  command->add_option("--model", options->engine.model, "See bantam run --help")
      ->capture_default_str();
  command->add_option("-p,--prompt", options->prompt, "- reads stdin")
      ->capture_default_str();
  command->add_option(
      "--prefill-response",
      options->request.answer_prefix,
      "The answer begins with this text");
  command->add_option(
      "--extra-eos-token",
      options->request.end_tokens,
      "Further tokens that end the answer");
  command->add_option(
      "--verbose", *verbose, "True prints speed and memory to stderr");
  add_run_options(*command, *options);
  command->remove_option(command->get_option("--max-tokens"));
  command
      ->add_option(
          "-m,--max-tokens",
          options->request.max_tokens,
          "The longest answer, in tokens")
      ->capture_default_str();
  add_refused_flags(*command);
  command->callback([=, &action] {
    action = [=] { return generate(*command, *options, *verbose); };
  });
}

}  // namespace bantam
