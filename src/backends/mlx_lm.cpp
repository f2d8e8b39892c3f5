// SPDX-License-Identifier: MIT
#include "backends/mlx_lm.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "backends/mlx_lm_environment.h"
#include "backends/mlx_lm_help.h"
#include "backends/mlx_lm_output.h"
#include "base/child_process.h"
#include "base/error.h"
#include "base/json.h"
#include "machine/this_machine.h"
#include "text/stop_strings.h"

namespace bantam {

namespace {

using Clock = std::chrono::steady_clock;

// Python ends at SIGTERM at once unless it computes or ignores it.
constexpr double kGraceSeconds = 0.7;
// No token is longer; what prints more than its answer may hold is not mlx-lm.
constexpr int64_t kLongestToken = 1024;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

std::string template_config(
    const MlxLmSettings& settings,
    const Request& request) {
  Json variables = Json::object();
  if (!request.template_variables.empty()) {
    variables = parse_json(
        request.template_variables,
        "--chat-template-config",
        ErrorCode::invalid_request);
  }
  if ((settings.model_thinks || request.thinking) &&
      !variables.contains("enable_thinking")) {
    variables["enable_thinking"] = request.thinking;
  }
  return variables.empty() ? "" : variables.dump();
}

[[noreturn]] void refuse(std::string_view setting) {
  fail(
      ErrorCode::invalid_request,
      "{}: mlx_lm.generate has nothing like it; leave it out, or let bantam "
      "itself answer: --framework bantam",
      setting);
}

void check_sampling(const SamplingSettings& sampling) {
  if (sampling.repetition_penalty != 1) {
    refuse("--repetition-penalty");
  }
  if (sampling.presence_penalty != 0) {
    refuse("--presence-penalty");
  }
  if (sampling.frequency_penalty != 0) {
    refuse("--frequency-penalty");
  }
  if (!sampling.logit_bias.empty()) {
    refuse("--logit-bias");
  }
}

void check_request(const Request& request) {
  check_sampling(request.sampling);
  if (request.thinking_budget >= 0) {
    refuse("--thinking-budget");
  }
  if (!request.tools_json.empty()) {
    refuse("tools");
  }
  if (!request.json_schema.empty()) {
    refuse("a JSON schema");
  }
  if (request.top_logprobs) {
    refuse("logprobs");
  }
  if (!request.prompt_ids.empty() || !request.messages_json.empty()) {
    refuse("a prompt that is no text");
  }
}

// What goes through standard input: the one message of the user.
std::string prompt_of(const Request& request) {
  if (!request.use_chat_template) {
    return request.prompt;
  }
  std::string prompt;
  int others = 0;
  for (const Message& message : request.messages) {
    if (message.role == "user" && prompt.empty()) {
      prompt = message.content;
    } else if (message.role != "system") {
      ++others;
    }
  }
  if (prompt.empty() || others > 0) {
    refuse("a conversation of several turns");
  }
  return prompt;
}

}  // namespace

std::vector<std::string> mlx_lm_arguments(
    const MlxLmSettings& settings,
    const Request& request) {
  const SamplingSettings& sampling = request.sampling;
  check_request(request);
  std::vector<std::string> words;
  const auto add = [&](const char* flag, const std::string& value) {
    words.emplace_back(flag);
    words.push_back(value);
  };
  // What may begin with a dash stays in one word with its flag.
  const auto add_text = [&](const char* flag, const std::string& text) {
    words.push_back(fmt::format("{}={}", flag, text));
  };
  add("--model", settings.model);
  add("--prompt", "-");
  add("--max-tokens", fmt::format("{}", request.max_tokens));
  add("--temp", fmt::format("{}", sampling.temperature));
  add("--top-p", fmt::format("{}", sampling.top_p));
  if (sampling.min_p > 0) {
    add("--min-p", fmt::format("{}", sampling.min_p));
  }
  if (sampling.top_k > 0) {
    add("--top-k", fmt::format("{}", sampling.top_k));
  }
  add("--seed", fmt::format("{}", sampling.seed));
  add("--max-kv-size", fmt::format("{}", settings.max_kv_size));
  if (settings.prefill_step_size) {
    add("--prefill-step-size", fmt::format("{}", *settings.prefill_step_size));
  }
  if (!request.end_tokens.empty()) {
    words.emplace_back("--extra-eos-token");
    words.insert(
        words.end(), request.end_tokens.begin(), request.end_tokens.end());
  }
  if (!request.use_chat_template) {
    words.emplace_back("--ignore-chat-template");
  } else {
    for (const Message& message : request.messages) {
      if (message.role == "system") {
        add_text("--system-prompt", message.content);
      }
    }
    if (const std::string config = template_config(settings, request);
        !config.empty()) {
      add_text("--chat-template-config", config);
    }
  }
  if (!request.answer_prefix.empty()) {
    add_text("--prefill-response", request.answer_prefix);
  }
  return words;
}

std::vector<std::string> flags_of(const std::vector<std::string>& arguments) {
  std::vector<std::string> flags;
  for (const std::string& word : arguments) {
    if (word.starts_with("--")) {
      flags.push_back(word.substr(0, word.find('=')));
    }
  }
  return flags;
}

// What has come of one run, as far as it is known yet.
struct MlxLm::Answer {
  explicit Answer(const Request& request) : stops(request.stop) {}

  MlxLmOutput output;
  StopStrings stops;
  std::string errors;  // the end of stderr
  ChildResult end;
  Result result;
  Clock::time_point start = Clock::now();
  std::optional<double> begun_s;  // the model was loaded
  std::optional<double> first_s;  // the first piece of text
};

MlxLm::MlxLm(MlxLmOptions options)
    : options_(std::move(options)),
      machine_(make_memory_source(options_.rules.source)),
      recorder_(
          options_.rules.record.empty()
              ? nullptr
              : std::make_unique<TraceWriter>(options_.rules.record)),
      source_(*machine_) {
  const auto on_stuck = std::move(options_.rules.on_stuck);
  if (on_stuck) {
    options_.rules.on_stuck = [this, on_stuck](const Result& so_far) {
      kill();
      on_stuck(so_far);
    };
  }
}

void MlxLm::kill() const {
  const int child = child_;
  if (child > 0) {
    ::kill(-child, SIGKILL);
  }
}

void MlxLm::run(
    const Request& request,
    const Observer& observer,
    std::stop_token stop,
    RunGuard& guard,
    Answer& answer) {
  std::vector<std::string> words = mlx_lm_arguments(options_.settings, request);
  words.insert(words.begin(), options_.program);
  std::vector<std::string> variables = python_variables();
  // The model is here; nothing is fetched behind the user's back.
  variables.emplace_back("HF_HUB_OFFLINE=1");
  variables.emplace_back("TRANSFORMERS_OFFLINE=1");
  // User, guard and a stop string end the child alike.
  std::stop_source ended;
  const auto end = [&] { ended.request_stop(); };
  const std::stop_callback by_user(stop, end);
  const std::stop_callback by_guard(guard.stop_token(), end);
  const int64_t longest = (request.max_tokens + 1) * kLongestToken;

  const auto emit = [&](const std::string& text) {
    const std::string piece = answer.stops.push(text);
    if (piece.empty()) {
      return;
    }
    if (!answer.first_s) {
      answer.first_s = seconds_since(answer.start);
    }
    answer.result.text += piece;
    guard.so_far().append(piece);
    if (observer.text) {
      observer.text(piece);
    }
    if (static_cast<int64_t>(answer.result.text.size()) > longest) {
      fail(
          ErrorCode::unavailable,
          "mlx-lm prints more than {} tokens can hold",
          request.max_tokens);
    }
  };
  answer.end = run_child(
      {.arguments = words,
       .environment = variables,
       .input = prompt_of(request)},
      {.silence_s = options_.silence_s, .grace_s = kGraceSeconds},
      {.output =
           [&](ChildStream stream, std::string_view bytes) {
             if (stream == ChildStream::err) {
               keep_errors(answer.errors, bytes);
               return;
             }
             const std::string text = answer.output.push(bytes);
             if (answer.output.begun() && !answer.begun_s) {
               answer.begun_s = seconds_since(answer.start);
             }
             emit(text);
             if (answer.stops.stopped()) {
               end();
             }
           },
       .started =
           [&](pid_t child) {
             child_ = child;
             source_.watch(child);
           }},
      ended.get_token());
  if (!answer.stops.stopped()) {
    emit(answer.output.finish());
    if (const std::string rest = answer.stops.finish(); !rest.empty()) {
      answer.result.text += rest;
      if (observer.text) {
        observer.text(rest);
      }
    }
  }
}

namespace {

void check_end(
    const ChildResult& end,
    const MlxLmOutput& output,
    const std::string& errors,
    double silence_s) {
  switch (end.end) {
    case ChildEnd::timed_out:
      fail(
          ErrorCode::unavailable,
          "mlx-lm was silent for {} s and was ended; --runner-silence gives it "
          "longer; its last words: {}",
          silence_s,
          last_words(errors));
    case ChildEnd::signalled:
      fail(
          ErrorCode::unavailable,
          "mlx-lm was ended by signal {}{}: {}",
          end.code,
          end.code == SIGKILL ? ", as when memory is short" : "",
          last_words(errors));
    case ChildEnd::exited:
      if (end.code != 0) {
        fail(
            ErrorCode::unavailable,
            "mlx-lm failed with exit code {}: {}",
            end.code,
            last_words(errors));
      }
      if (!output.begun()) {
        fail(
            ErrorCode::unavailable,
            "mlx-lm ended without an answer: {}",
            last_words(output.preamble() + "\n" + errors));
      }
      return;
    default:
      return;
  }
}

// The counts and speeds that mlx-lm prints at its end.
void take_statistics(
    const MlxLmStatistics& statistics,
    int64_t max_tokens,
    Result& result) {
  result.prompt_tokens = statistics.prompt_tokens;
  result.reported_tokens = statistics.generated_tokens;
  Timing& timing = result.timing;
  if (statistics.prompt_tps > 0) {
    timing.prefill_s =
        static_cast<double>(statistics.prompt_tokens) / statistics.prompt_tps;
  }
  // Its rate counts all tokens, ours those after the first.
  if (statistics.generation_tps > 0) {
    timing.decode_s = static_cast<double>(std::max<int64_t>(
                          0, statistics.generated_tokens - 1)) /
        statistics.generation_tps;
  }
  result.finish_reason = statistics.generated_tokens >= max_tokens
      ? FinishReason::length
      : FinishReason::stop;
}

}  // namespace

Result MlxLm::generate(
    const Request& request,
    const Observer& observer,
    std::stop_token stop) {
  Answer answer(request);
  Result& result = answer.result;
  RunGuard guard(
      options_.rules,
      source_,
      recorder_.get(),
      options_.before,
      options_.unknown_accepted);
  guard.so_far().begin(result);
  const auto forget_child = [&] {
    child_ = 0;
    source_.watch(0);
  };
  try {
    run(request, observer, stop, guard, answer);
  } catch (...) {
    forget_child();
    throw;
  }
  forget_child();
  check_end(answer.end, answer.output, answer.errors, options_.silence_s);

  result.timing.load_s = answer.begun_s.value_or(seconds_since(answer.start));
  result.timing.first_token_s =
      answer.first_s.value_or(seconds_since(answer.start)) -
      result.timing.load_s;
  if (answer.end.end == ChildEnd::stopped) {
    result.finish_reason = answer.stops.stopped() ? FinishReason::stop
        : guard.must_stop()                       ? guard.finish_reason()
                                                  : FinishReason::cancelled;
  } else if (answer.output.statistics()) {
    take_statistics(*answer.output.statistics(), request.max_tokens, result);
  } else {
    result.notes.emplace_back("mlx-lm printed no statistics");
  }
  result.notes.insert(
      result.notes.end(), options_.notes.begin(), options_.notes.end());
  MemoryUse& memory = result.memory;
  memory.planned_bytes = options_.planned_bytes;
  memory.budget_bytes = options_.budget_bytes;
  memory.kv_budget_tokens = options_.settings.max_kv_size;
  memory.peak_bytes = source_.peak_bytes();
  guard.finish(result);
  if (recorder_ && recorder_->failed()) {
    result.notes.push_back(
        "the memory trace " + options_.rules.record + " is not complete");
  }
  return result;
}

}  // namespace bantam
