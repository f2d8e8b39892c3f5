// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/error.h"

namespace bantam {

namespace {

// "123=-1.5" -> (123, -1.5)
std::pair<int32_t, float> parse_logit_bias(const std::string& text) {
  const size_t equals = text.find('=');
  int32_t id = 0;
  const char* begin = text.data();
  const char* middle = begin + std::min(equals, text.size());
  const auto [stop, error] = std::from_chars(begin, middle, id);
  char* end = nullptr;
  const std::string value = equals == text.npos ? "" : text.substr(equals + 1);
  const float bias = std::strtof(value.c_str(), &end);
  if (error != std::errc{} || stop != middle || value.empty() || *end != '\0') {
    fail(
        ErrorCode::invalid_request,
        "--logit-bias \"{}\": write TOKEN_ID=BIAS, such as 198=-5",
        text);
  }
  return {id, bias};
}

void add_sampling_options(CLI::App& command, SamplingSettings& sampling) {
  const std::string group = "Sampling (in this order)";
  command
      .add_option(
          "--repetition-penalty",
          sampling.repetition_penalty,
          "Divide positive logits of tokens already in the answer by this")
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--presence-penalty",
          sampling.presence_penalty,
          "Take this from tokens that are in the answer")
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--frequency-penalty",
          sampling.frequency_penalty,
          "Take this from tokens for each time they are in the answer")
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--temp",
          sampling.temperature,
          "Temperature; 0 always takes the likeliest token")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--top-k", sampling.top_k, "Choose among this many; 0 is off")
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--top-p",
          sampling.top_p,
          "Choose among the likeliest that together reach this probability")
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--min-p",
          sampling.min_p,
          "Leave out tokens below this share of the likeliest")
      ->capture_default_str()
      ->group(group);
  command.add_option("--seed", sampling.seed, "The same seed, the same answer")
      ->capture_default_str()
      ->group(group);
}

}  // namespace

void add_engine_options(CLI::App& command, RunOptions& options) {
  const std::string group = "Engine";
  command
      .add_option(
          "--max-kv-size",
          options.engine.max_kv_size,
          "Tokens the key/value cache holds; when it is full the first 4 stay "
          "and the oldest of the rest are dropped")
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--prefill-chunk",
          options.engine.prefill_chunk,
          "Prompt tokens read at a time; the answer does not depend on it")
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--threads",
          options.engine.threads,
          "Threads to compute with; 0 takes the physical cores. The answer "
          "does not depend on it")
      ->capture_default_str()
      ->group(group);
  command.add_option("--device", options.device, "cpu or gpu")
      ->check(CLI::IsMember({"cpu", "gpu"}))
      ->capture_default_str()
      ->group(group);
  command
      .add_option(
          "--kernels",
          options.kernels,
          "native: bantam's own; mlx: stock MLX operations, as on a GPU "
          "(slow on a CPU)")
      ->check(CLI::IsMember({"native", "mlx"}))
      ->capture_default_str()
      ->group(group);
}

void add_run_options(CLI::App& command, RunOptions& options) {
  Request& request = options.request;
  command
      .add_option(
          "--max-tokens", request.max_tokens, "The longest answer, in tokens")
      ->capture_default_str();
  command.add_option(
      "--system-prompt",
      options.system_prompt,
      "What the model is told before the prompt");
  command
      .add_option(
          "--stop",
          request.stop,
          "End the answer before this text (repeatable)")
      ->allow_extra_args(false);
  command.add_flag(
      "--thinking",
      request.thinking,
      "Let the model reason before it answers, if its template can");
  command.add_flag(
      "--ignore-chat-template",
      options.ignore_chat_template,
      "Use the prompt as it is, without the model's chat template");
  command.add_option(
      "--chat-template-config",
      request.template_variables,
      "JSON object of further variables for the chat template");
  command.add_flag(
      "--json",
      options.json,
      "Print one JSON object when done, and nothing else");
  command
      .add_option(
          "--logit-bias",
          options.logit_bias,
          "TOKEN_ID=BIAS, added to that token's logit (repeatable)")
      ->allow_extra_args(false);
  add_sampling_options(command, request.sampling);
  add_engine_options(command, options);
}

void finish_run_options(RunOptions& options) {
  Request& request = options.request;
  for (const std::string& text : options.logit_bias) {
    request.sampling.logit_bias.push_back(parse_logit_bias(text));
  }
  options.engine.device =
      options.device == "gpu" ? DeviceChoice::gpu : DeviceChoice::cpu;
  options.engine.kernels =
      options.kernels == "mlx" ? KernelChoice::mlx : KernelChoice::native;
  request.use_chat_template = !options.ignore_chat_template;
  if (options.ignore_chat_template && !options.system_prompt.empty()) {
    fail(
        ErrorCode::invalid_request,
        "--system-prompt needs the chat template that "
        "--ignore-chat-template leaves out");
  }
  request.prompt = options.prompt;
  if (!options.system_prompt.empty()) {
    request.messages.push_back({"system", options.system_prompt});
  }
  request.messages.push_back({"user", options.prompt});
}

Json applied_settings(const CLI::App& command, const RunOptions& options) {
  const Request& request = options.request;
  const SamplingSettings& sampling = request.sampling;
  Json applied = Json::object();
  const auto add = [&](const std::string& name, const Json& value) {
    std::string key = name;
    std::replace(key.begin(), key.end(), '-', '_');
    const CLI::Option* option = command.get_option_no_throw("--" + name);
    const bool given = option != nullptr && option->count() > 0;
    applied[key] = {{"value", value}, {"from", given ? "flag" : "default"}};
  };
  add("max-tokens", request.max_tokens);
  add("temp", sampling.temperature);
  add("top-p", sampling.top_p);
  add("top-k", sampling.top_k);
  add("min-p", sampling.min_p);
  add("repetition-penalty", sampling.repetition_penalty);
  add("presence-penalty", sampling.presence_penalty);
  add("frequency-penalty", sampling.frequency_penalty);
  add("logit-bias", options.logit_bias);
  add("seed", sampling.seed);
  add("stop", request.stop);
  add("system-prompt", options.system_prompt);
  add("thinking", request.thinking);
  add("ignore-chat-template", options.ignore_chat_template);
  add("chat-template-config", request.template_variables);
  add("max-kv-size", options.engine.max_kv_size);
  add("prefill-chunk", options.engine.prefill_chunk);
  add("threads", options.engine.threads);
  add("device", options.device);
  add("kernels", options.kernels);
  return applied;
}

}  // namespace bantam
