// SPDX-License-Identifier: MIT
#include "cli/answer.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <utility>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/utf8.h"
#include "cli/interrupt.h"
#include "cli/progress_line.h"
#include "cli/result_report.h"
#include "engine/receipt.h"

namespace bantam {

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

namespace {

// Before the model is loaded: a wrong prompt costs no time.
void check_prompt(const std::string& prompt) {
  if (prompt.empty()) {
    fail(
        ErrorCode::invalid_request,
        "the prompt is empty; write it as the last argument, or - to read it "
        "from stdin");
  }
  if (const size_t valid = valid_utf8_prefix(prompt); valid != prompt.size()) {
    fail(
        ErrorCode::invalid_request,
        "the prompt is not valid UTF-8: byte 0x{:02X} at offset {}",
        static_cast<unsigned char>(prompt[valid]),
        valid);
  }
}

}  // namespace

void check_receipt_path(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  folder = folder.empty() ? "." : folder;
  if (!path.empty() && ::access(folder.c_str(), W_OK) != 0) {
    fail(
        ErrorCode::invalid_request,
        "--receipt {}: {}: {}",
        path,
        folder,
        std::strerror(errno));
  }
}

namespace {

// The whole result on stdout as JSON, or what stands after the text.
void print_result(
    const Result& result,
    const ModelSummary& model,
    const RunOptions& options,
    bool statistics) {
  if (options.json) {
    std::printf(
        "%s\n",
        to_json_line(result_json(result, model, options.applied)).c_str());
  } else {
    std::fputc('\n', stdout);
    for (const std::string& note : result.notes) {
      std::fprintf(stderr, "note: %s\n", note.c_str());
    }
    if (statistics) {
      print_statistics(result);
    }
  }
  std::fflush(stdout);
}

// Reasoning is no part of the answer, so it goes to stderr; dim in a terminal.
class ReasoningDisplay {
 public:
  explicit ReasoningDisplay(bool terminal) : terminal_(terminal) {}
  ~ReasoningDisplay() { end(); }
  ReasoningDisplay(const ReasoningDisplay&) = delete;
  ReasoningDisplay& operator=(const ReasoningDisplay&) = delete;

  void show(std::string_view piece) {
    if (!begun_ && terminal_) {
      std::fputs("\x1b[2m", stderr);
    }
    begun_ = true;
    std::fwrite(piece.data(), 1, piece.size(), stderr);
    std::fflush(stderr);
  }
  void end() {
    if (begun_) {
      std::fputs(terminal_ ? "\x1b[0m\n\n" : "\n\n", stderr);
    }
    begun_ = false;
  }

 private:
  bool terminal_;
  bool begun_ = false;
};

// The engine, or mlx-lm; fills `model`, and in `options.applied` what is
// answering.
std::shared_ptr<Backend> open_backend(
    RunOptions& options,
    ProgressLine& progress,
    Interrupt& interrupt,
    ModelSummary& model) {
  if (!options.runner) {
    auto engine = std::make_shared<Engine>(options.engine);
    model = engine->model();
    return engine;
  }
  const Runner runner = open_runner(
      *options.runner,
      options.engine,
      options.request,
      [&](const std::string& line) {
        progress.clear();
        std::fprintf(stderr, "%s\n", line.c_str());
      },
      interrupt.token());
  progress.show("mlx-lm is loading " + options.engine.model + " ...");
  model = runner.model;
  options.applied["environment"] = {
      {"value", runner.environment.name},
      {"mlx_lm", runner.environment.version},
      {"from", runner.environment.folder}};
  interrupt.before_abrupt_end([backend = runner.backend] { backend->kill(); });
  return runner.backend;
}

}  // namespace

int answer(const RunOptions& options, const AnswerStyle& style) {
  check_prompt(options.request.prompt);
  check_receipt_path(options.receipt);
  Interrupt interrupt;
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  ProgressLine progress(terminal && !options.json);
  progress.show("loading " + options.engine.model + " ...");
  // Known once the backend is there; a run that hangs while loading has none.
  ModelSummary model{.name = options.engine.model};
  RunOptions shown = options;
  shown.engine.memory.on_stuck = [&](const Result& so_far) {
    print_result(so_far, model, shown, true);
    std::_Exit(exit_code_of(so_far));
  };
  const std::shared_ptr<Backend> backend =
      open_backend(shown, progress, interrupt, model);

  ReasoningDisplay reasoning(terminal);
  Observer observer;
  observer.prefill = [&](int64_t done, int64_t total) {
    progress.show(fmt::format("reading the prompt: {} of {}", done, total));
  };
  if (!options.json) {
    observer.reasoning = [&](std::string_view piece) {
      progress.clear();
      reasoning.show(piece);
    };
    observer.text = [&](std::string_view piece) {
      progress.clear();
      reasoning.end();
      const bool written =
          std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() &&
          std::fflush(stdout) == 0;
      if (!written) {  // The reader has gone.
        interrupt.request_stop();
      }
    };
  }
  Result result =
      backend->generate(options.request, observer, interrupt.token());
  result.notes.insert(
      result.notes.begin(), options.notes.begin(), options.notes.end());
  progress.clear();
  reasoning.end();
  print_result(result, model, shown, terminal || style.statistics);
  if (!options.receipt.empty()) {
    const Json receipt =
        make_receipt(options.engine, options.request, result, model);
    write_file_atomically(options.receipt, receipt.dump(1) + "\n");
  }
  return exit_code_of(result);
}

}  // namespace bantam
