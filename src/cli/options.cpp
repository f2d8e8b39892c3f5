// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "cli/chosen_model.h"
#include "cli/framework.h"
#include "cli/gpu_program.h"

namespace bantam {

namespace {

// "123=-1.5" -> (123, -1.5)
std::pair<int32_t, float> parse_logit_bias(
    const std::string& text,
    const std::string& named) {
  const size_t equals = text.find('=');
  int32_t id = 0;
  const char* begin = text.data();
  const char* middle = begin + std::min(equals, text.size());
  const auto [stop, error] = std::from_chars(begin, middle, id);
  char* end = nullptr;
  const std::string value = equals == text.npos ? "" : text.substr(equals + 1);
  const float bias = std::strtof(value.c_str(), &end);
  if (error != std::errc{} || stop != middle || value.empty() || *end != '\0' ||
      !std::isfinite(bias)) {
    fail(
        ErrorCode::invalid_request,
        "{} \"{}\": write TOKEN_ID=BIAS, such as 198=-5",
        named,
        text);
  }
  return {id, bias};
}

std::string set_aside_note(const SetAsidePin& pin, const RunConfig& config) {
  return fmt::format(
      "the version pin \"{}\" ({}) was written for {} and is set aside: {} "
      "answers",
      pin.pin,
      pin.from,
      pin.framework,
      config.text("runtime.framework"));
}

MemoryRules memory_rules(const RunConfig& config) {
  MemoryRules rules;
  rules.budget_bytes = config.bytes("environment.budget").value_or(0);
  rules.ram_bytes = config.bytes("environment.ram").value_or(0);
  rules.clean_room = config.boolean("environment.clean_room");
  rules.threshold =
      config.text("environment.memory_pressure_threshold") == "red"
      ? PressureThreshold::red
      : PressureThreshold::yellow;
  const std::string& swap = config.text("environment.abort_on_swap");
  rules.abort_on_swap = swap == "false" ? SwapAbort::off
      : swap == "strict"                ? SwapAbort::strict
                                        : SwapAbort::on;
  rules.source = config.text("environment.memory_source");
  rules.record = config.text("environment.record_memory");
  return rules;
}

}  // namespace

SamplingSettings sampling_settings(const RunConfig& config) {
  SamplingSettings sampling;
  sampling.temperature = config.real("sampling.temperature");
  sampling.top_k = config.integer("sampling.top_k");
  sampling.top_p = config.real("sampling.top_p");
  sampling.min_p = config.real("sampling.min_p");
  sampling.repetition_penalty = config.real("sampling.repetition_penalty");
  sampling.presence_penalty = config.real("sampling.presence_penalty");
  sampling.frequency_penalty = config.real("sampling.frequency_penalty");
  sampling.seed = config.seed("sampling.seed");
  for (const std::string& text : config.texts("sampling.logit_bias")) {
    sampling.logit_bias.push_back(
        parse_logit_bias(text, config.named("sampling.logit_bias")));
  }
  return sampling;
}

EngineOptions engine_options(const RunConfig& config) {
  EngineOptions engine;
  engine.threads = static_cast<int>(config.integer("runtime.threads"));
  engine.max_kv_size = config.integer("sampling.max_kv_size");
  engine.kv_bits = std::stoi(config.text("sampling.kv_bits"));
  engine.prefill_chunk = config.integer("runtime.prefill_chunk");
  engine.device = config.text("runtime.device") == "gpu" ? DeviceChoice::gpu
                                                         : DeviceChoice::cpu;
  // Another framework computes where it likes, and says so.
  if (engine.device == DeviceChoice::gpu &&
      config.text("runtime.framework") == "bantam") {
    require_gpu();
  }
  const std::string& kernels = config.text("runtime.kernels");
  engine.kernels = kernels == "mlx" ? KernelChoice::mlx
      : kernels == "portable"       ? KernelChoice::portable
                                    : KernelChoice::native;
  engine.memory = memory_rules(config);
  return engine;
}

Request request_of(const RunConfig& config, const std::string& prompt) {
  Request request;
  request.sampling = sampling_settings(config);
  request.max_tokens = config.integer("sampling.max_tokens");
  request.stop = config.texts("sampling.stop");
  request.end_tokens = config.texts("sampling.extra_eos_token");
  request.thinking = config.boolean("execution.thinking_mode");
  request.thinking_budget = config.integer("execution.thinking_budget");
  request.template_variables = config.text("execution.chat_template_config");
  request.answer_prefix = config.text("execution.prefill_response");
  request.use_chat_template = !config.boolean("execution.ignore_chat_template");
  const std::string& system_prompt = config.text("execution.system_prompt");
  if (!request.use_chat_template && !system_prompt.empty()) {
    fail(
        ErrorCode::invalid_request,
        "{} needs the chat template that {} leaves out",
        config.named("execution.system_prompt"),
        config.named("execution.ignore_chat_template"));
  }
  request.prompt = prompt;
  if (!system_prompt.empty()) {
    request.messages.push_back({"system", system_prompt});
  }
  request.messages.push_back({"user", prompt});
  return request;
}

RunOptions run_options(
    const RunConfig& config,
    const std::string& prompt,
    CommandSet commands) {
  if ((commands & commands::kOneAnswer) == 0) {
    require_own_framework(
        config,
        (commands & commands::kAsk) != 0 ? "an answer from documents"
                                         : "a conversation");
  }
  check_framework(config);
  if ((commands & commands::kOneAnswer) != 0 &&
      config.text("execution.mode") == "chat") {
    fail(
        ErrorCode::invalid_request,
        "{}: a conversation is what bantam chat holds; this command gives one "
        "answer, which is single_shot",
        config.named("execution.mode"));
  }
  const ChosenModel model = choose_model(config);
  RunOptions options;
  if (config.text("runtime.framework") == "mlx-lm") {
    options.runner = runner_options(config);
  }
  options.engine = engine_options(config);
  options.engine.model = model.name;
  options.json = config.boolean("output.json");
  options.receipt = config.text("output.receipt");

  options.request = request_of(config, prompt);
  if (config.set_aside_pin()) {
    options.notes.push_back(set_aside_note(*config.set_aside_pin(), config));
  }
  options.applied = config.applied(commands);
  options.applied["model"] = {{"value", model.name}, {"from", model.from}};
  return options;
}

}  // namespace bantam
