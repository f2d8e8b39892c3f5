// SPDX-License-Identifier: MIT
#include "engine/receipt_settings.h"

#include <array>
#include <string_view>

#include "base/error.h"

namespace bantam {

namespace {

// One list of fields serves both ways: `visit(key, field)` is called for each.
// What a run did to the machine (budgets, traces) is no part of the answer and
// is not here.
template <typename Visit>
void visit_options(EngineOptions& options, const Visit& visit) {
  visit("model", options.model);
  visit("threads", options.threads);
  visit("max_kv_size", options.max_kv_size);
  visit("prefill_chunk", options.prefill_chunk);
}

// Settings that older receipts lack: their default was all there was.
template <typename Visit>
void visit_newer_options(EngineOptions& options, const Visit& visit) {
  visit("kv_bits", options.kv_bits);
}

template <typename Visit>
void visit_request(Request& request, const Visit& visit) {
  visit("prompt", request.prompt);
  visit("use_chat_template", request.use_chat_template);
  visit("template_variables", request.template_variables);
  visit("thinking", request.thinking);
  visit("thinking_budget", request.thinking_budget);
  visit("answer_prefix", request.answer_prefix);
  visit("max_tokens", request.max_tokens);
  visit("stop", request.stop);
  visit("end_tokens", request.end_tokens);
  SamplingSettings& sampling = request.sampling;
  visit("temp", sampling.temperature);
  visit("top_k", sampling.top_k);
  visit("top_p", sampling.top_p);
  visit("min_p", sampling.min_p);
  visit("repetition_penalty", sampling.repetition_penalty);
  visit("presence_penalty", sampling.presence_penalty);
  visit("frequency_penalty", sampling.frequency_penalty);
  visit("logit_bias", sampling.logit_bias);
  visit("seed", sampling.seed);
}

constexpr std::array<std::string_view, 2> kDevices{"cpu", "gpu"};
constexpr std::array<std::string_view, 3> kKernels{"native", "mlx", "portable"};

template <typename Enum, size_t N>
Enum parse_word(
    const Json& word,
    const std::array<std::string_view, N>& words,
    const std::string& source,
    std::string_view key) {
  for (size_t i = 0; i < N; ++i) {
    if (word.is_string() && word.get<std::string>() == words[i]) {
      return static_cast<Enum>(i);
    }
  }
  fail(
      ErrorCode::invalid_request,
      "{}: settings.{} is {}, but must be one of {}",
      source,
      key,
      to_json_line(word),
      fmt::join(words, ", "));
}

}  // namespace

Json settings_json(const EngineOptions& options, const Request& request) {
  Json settings = Json::object();
  const auto put = [&](const char* key, const auto& value) {
    settings[key] = value;
  };
  EngineOptions options_copy = options;
  Request request_copy = request;
  visit_options(options_copy, put);
  visit_newer_options(options_copy, put);
  settings["device"] = kDevices[static_cast<size_t>(options.device)];
  settings["kernels"] = kKernels[static_cast<size_t>(options.kernels)];
  Json messages = Json::array();
  for (const Message& message : request.messages) {
    messages.push_back({{"role", message.role}, {"content", message.content}});
  }
  settings["messages"] = messages;
  visit_request(request_copy, put);
  return settings;
}

void read_settings(
    const Json& settings,
    const std::string& source,
    EngineOptions& options,
    Request& request) {
  if (!settings.is_object()) {
    fail(ErrorCode::invalid_request, "{}: settings is missing", source);
  }
  size_t known = 0;
  const auto at = [&](const char* key) -> const Json& {
    const auto found = settings.find(key);
    if (found == settings.end()) {
      fail(
          ErrorCode::invalid_request,
          "{}: settings.{} is missing",
          source,
          key);
    }
    ++known;
    return *found;
  };
  const auto get = [&](const char* key, auto& field) {
    const Json& value = at(key);
    try {
      value.get_to(field);
    } catch (const Json::exception&) {
      fail(
          ErrorCode::invalid_request,
          "{}: settings.{} has the wrong type: {}",
          source,
          key,
          to_json_line(value).substr(0, 60));
    }
  };
  visit_options(options, get);
  visit_newer_options(options, [&](const char* key, auto& field) {
    if (settings.contains(key)) {
      get(key, field);
    }
  });
  options.device =
      parse_word<DeviceChoice>(at("device"), kDevices, source, "device");
  options.kernels =
      parse_word<KernelChoice>(at("kernels"), kKernels, source, "kernels");
  const Json& messages = at("messages");
  for (const Json& message : messages) {
    if (!message.is_object() || !message.value("role", Json()).is_string() ||
        !message.value("content", Json()).is_string()) {
      fail(
          ErrorCode::invalid_request,
          "{}: settings.messages must hold objects with role and content",
          source);
    }
    request.messages.push_back(
        {message["role"].get<std::string>(),
         message["content"].get<std::string>()});
  }
  visit_request(request, get);
  if (known != settings.size()) {
    fail(
        ErrorCode::invalid_request,
        "{}: settings has {} keys that this version of bantam does not know; "
        "replay it with the version that wrote it",
        source,
        settings.size() - known);
  }
}

}  // namespace bantam
