// SPDX-License-Identifier: MIT
#include "cli/answer.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/size.h"
#include "base/utf8.h"
#include "cli/interrupt.h"

namespace bantam {

namespace {

double per_second(int64_t tokens, double seconds) {
  return seconds > 0 ? static_cast<double>(tokens) / seconds : 0;
}

// Tokens after the first are what decoding takes its time for.
double decode_tps(const Result& result) {
  return per_second(
      std::max<int64_t>(0, result.completion_tokens() - 1),
      result.timing.decode_s);
}

Json result_json(
    const Result& result,
    const ModelSummary& model,
    const Json& applied) {
  const Timing& timing = result.timing;
  const MemoryUse& memory = result.memory;
  return {
      {"text", result.text},
      {"token_ids", result.token_ids},
      {"finish_reason", finish_reason_name(result.finish_reason)},
      {"usage",
       {{"prompt_tokens", result.prompt_tokens},
        {"completion_tokens", result.completion_tokens()}}},
      {"timing",
       {{"load_s", timing.load_s},
        {"prefill_s", timing.prefill_s},
        {"decode_s", timing.decode_s},
        {"prefill_tps", per_second(result.prompt_tokens, timing.prefill_s)},
        {"decode_tps", decode_tps(result)},
        {"first_token_s", timing.load_s + timing.first_token_s}}},
      {"memory",
       {{"planned_bytes", memory.planned_bytes},
        {"peak_bytes", memory.peak_bytes},
        {"budget_bytes", memory.budget_bytes},
        {"kv_budget_tokens", memory.kv_budget_tokens},
        {"kv_dropped_tokens", memory.kv_dropped_tokens},
        {"pressure_max", "unknown"},
        {"swap_growth_bytes", nullptr}}},
      {"applied", applied},
      {"model",
       {{"name", model.name},
        {"sha256", nullptr},
        {"family", model.family},
        {"bits_per_weight", model.bits_per_weight}}},
      {"notes", result.notes}};
}

void print_statistics(const Result& result) {
  const Timing& timing = result.timing;
  std::fprintf(
      stderr,
      "prompt %lld tokens, %.1f tok/s | answer %lld tokens, %.1f tok/s | "
      "first token %.2f s | memory %s of %s planned | KV %lld of %lld tokens",
      static_cast<long long>(result.prompt_tokens),
      per_second(result.prompt_tokens, timing.prefill_s),
      static_cast<long long>(result.completion_tokens()),
      decode_tps(result),
      timing.load_s + timing.first_token_s,
      format_size(result.memory.peak_bytes).c_str(),
      format_size(result.memory.planned_bytes).c_str(),
      static_cast<long long>(std::min(
          result.prompt_tokens + result.completion_tokens(),
          result.memory.kv_budget_tokens)),
      static_cast<long long>(result.memory.kv_budget_tokens));
  if (result.memory.kv_dropped_tokens > 0) {
    std::fprintf(
        stderr,
        ", %lld dropped",
        static_cast<long long>(result.memory.kv_dropped_tokens));
  }
  std::fputc('\n', stderr);
}

// A line on a terminal's stderr that is written over and then wiped.
class ProgressLine {
 public:
  explicit ProgressLine(bool shown) : shown_(shown) {}
  ~ProgressLine() { clear(); }

  void show(const std::string& text) {
    if (shown_) {
      std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
      written_ = true;
    }
  }
  void clear() {
    if (written_) {
      std::fputs("\r\x1b[K", stderr);
      written_ = false;
    }
  }

 private:
  bool shown_;
  bool written_ = false;
};

int exit_code_of(const Result& result) {
  switch (result.finish_reason) {
    case FinishReason::cancelled:
      return error_kind(ErrorCode::cancelled).exit_code;
    case FinishReason::memory:
      return error_kind(ErrorCode::memory_pressure).exit_code;
    case FinishReason::swap:
      return error_kind(ErrorCode::swap).exit_code;
    default:
      return 0;
  }
}

}  // namespace

std::string read_stdin() {
  std::string text;
  char buffer[1 << 16];
  while (true) {
    const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (count < 0) {
      fail(ErrorCode::invalid_request, "the prompt cannot be read from stdin");
    }
    if (count == 0) {
      return text;
    }
    text.append(buffer, count);
  }
}

int answer(const RunOptions& options, const AnswerStyle& style) {
  const std::string& prompt = options.request.prompt;
  if (prompt.empty()) {
    fail(
        ErrorCode::invalid_request,
        "the prompt is empty; write it as the last argument, or - to read it "
        "from stdin");
  }
  // Before the model is loaded: a wrong prompt costs no time.
  if (const size_t valid = valid_utf8_prefix(prompt); valid != prompt.size()) {
    fail(
        ErrorCode::invalid_request,
        "the prompt is not valid UTF-8: byte 0x{:02X} at offset {}",
        static_cast<unsigned char>(prompt[valid]),
        valid);
  }
  Interrupt interrupt;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  ProgressLine progress(terminal && !options.json);
  progress.show("loading " + options.engine.model + " ...");
  Engine engine(options.engine);

  Observer observer;
  observer.prefill = [&](int64_t done, int64_t total) {
    progress.show(fmt::format("reading the prompt: {} of {}", done, total));
  };
  if (!options.json) {
    observer.text = [&](std::string_view piece) {
      progress.clear();
      const bool written =
          std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() &&
          std::fflush(stdout) == 0;
      if (!written) {  // The reader has gone.
        interrupt.request_stop();
      }
    };
  }
  Result result = engine.generate(options.request, observer, interrupt.token());
  result.notes.insert(
      result.notes.begin(), options.notes.begin(), options.notes.end());
  progress.clear();
  if (options.json) {
    const Json json = result_json(result, engine.model(), options.applied);
    std::printf("%s\n", to_json_line(json).c_str());
  } else {
    std::fputc('\n', stdout);
    for (const std::string& note : result.notes) {
      std::fprintf(stderr, "note: %s\n", note.c_str());
    }
    if (terminal || style.statistics) {
      print_statistics(result);
    }
  }
  std::fflush(stdout);
  return exit_code_of(result);
}

}  // namespace bantam
