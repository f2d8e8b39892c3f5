// SPDX-License-Identifier: MIT
// bantam chat [MODEL]: a conversation with a hard limit. On a terminal a person
// writes; from a pipe each line is a message.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "bantam/session.h"
#include "base/atomic_file.h"
#include "base/error.h"
#include "cli/answer.h"
#include "cli/chat_commands.h"
#include "cli/chat_output.h"
#include "cli/command.h"
#include "cli/input_lines.h"
#include "cli/interrupt.h"
#include "cli/line_editor.h"
#include "cli/options.h"
#include "cli/progress_line.h"
#include "cli/result_report.h"
#include "cli/setting_flags.h"
#include "engine/receipt.h"

namespace bantam {

namespace {

struct ChatStyle {
  bool interactive = false;  // a person at a terminal
  bool meter = false;        // stderr is a terminal
  bool colours = false;
};

HistoryRule rule_of(const RunConfig& config) {
  const std::string& word = config.text("execution.chat_history_rule");
  return word == "reset"    ? HistoryRule::reset
      : word == "summarize" ? HistoryRule::summarize
                            : HistoryRule::trim;
}

SessionOptions session_options(const RunConfig& config) {
  return {
      .system_prompt = config.text("execution.system_prompt"),
      .history_limit = config.integer("execution.chat_history_limit"),
      .rule = rule_of(config),
      .announce = {}};
}

class Chat {
 public:
  Chat(
      Engine& engine,
      const RunOptions& options,
      SessionOptions session,
      ChatStyle style,
      Interrupt& interrupt)
      : engine_(engine),
        options_(options),
        style_(style),
        interrupt_(interrupt),
        progress_(style.meter && !options.json),
        session_(engine, options.request, announcing(std::move(session))) {}

  // Returns the exit code.
  int talk() {
    if (style_.interactive) {
      interrupt_.be_patient();
    }
    greet();
    std::string line;
    while (next_line(line)) {
      if (line.find_first_not_of(" \t\n") == std::string::npos) {
        continue;
      }
      handle(line);
      if (interrupt_.terminated() || output_is_gone_) {
        break;
      }
      if (interrupt_.token().stop_requested()) {
        if (!style_.interactive) {
          break;
        }
        interrupt_.rearm();
      }
    }
    const bool stopped =
        interrupt_.terminated() || interrupt_.token().stop_requested();
    return exit_code_ == 0 && stopped
        ? error_kind(ErrorCode::cancelled).exit_code
        : exit_code_;
  }

 private:
  SessionOptions announcing(SessionOptions options) {
    options.announce = [this](const HistoryEvent& event) {
      progress_.clear();
      // JSON has it in its own place; the exchange is not printed yet.
      if (!options_.json) {
        end_line();
        std::fprintf(stderr, "note: %s\n", event.text.c_str());
      }
    };
    return options;
  }

  void greet() const {
    for (const std::string& note : options_.notes) {
      std::fprintf(stderr, "note: %s\n", note.c_str());
    }
    if (style_.interactive) {
      const SessionUse use = session_.use();
      std::fprintf(
          stderr,
          "%s, %lld tokens of context, %s. /help lists commands, Ctrl-D "
          "leaves.\n",
          engine_.model().name.c_str(),
          static_cast<long long>(use.budget_tokens),
          use.history_limit == 0
              ? "each message stands alone"
              : fmt::format("{} exchanges are kept", use.history_limit)
                    .c_str());
    }
  }

  bool next_line(std::string& line) {
    if (!style_.interactive) {
      return input_.next(line, interrupt_.token());
    }
    while (true) {
      switch (editor_.read("> ", line, interrupt_.token())) {
        case LineEditor::Outcome::line:
          return true;
        case LineEditor::Outcome::interrupted:
          std::fputs("Ctrl-D leaves.\n", stderr);
          break;
        case LineEditor::Outcome::stopped:
          // A Ctrl-C that came after the answer's end.
          if (!interrupt_.terminated()) {
            interrupt_.rearm();
            break;
          }
          return false;
        case LineEditor::Outcome::end:
          return false;
      }
    }
  }

  void handle(const std::string& line) {
    try {
      if (is_chat_command(line)) {
        command(line);
      } else {
        exchange(chat_message(line));
      }
    } catch (const Error& error) {
      progress_.clear();
      const ErrorCode code = error.code();
      if (code != ErrorCode::invalid_request && code != ErrorCode::not_found) {
        throw;
      }
      if (options_.json) {
        print_json(error_json(error));
      } else {
        std::fprintf(stderr, "error: %s\n", error.what());
      }
      if (!style_.interactive && exit_code_ == 0) {
        exit_code_ = error_kind(code).exit_code;
      }
    }
  }

  void command(const std::string& line) {
    const CommandOutput output =
        run_chat_command(line, session_, engine_.model(), totals_);
    if (options_.json) {
      Json json{{"command", output.command}};
      json.update(output.fields);
      print_json(json);
      return;
    }
    for (const std::string& text : output.lines) {
      std::fprintf(stderr, "%s\n", text.c_str());
    }
  }

  void exchange(const std::string& message) {
    // Keys typed while an answer runs wait for the next line; Ctrl-C is heard.
    std::unique_ptr<RawTerminal> quiet;
    if (style_.interactive) {
      quiet = std::make_unique<RawTerminal>(true);
    }
    Observer observer;
    observer.prefill = [&](int64_t done, int64_t total) {
      progress_.show(fmt::format("reading: {} of {}", done, total));
    };
    if (!options_.json) {
      observer.text = [&](std::string_view piece) { print(piece); };
    }
    Reply reply = session_.say(message, observer, interrupt_.token());
    progress_.clear();
    quiet.reset();
    count(reply);
    // Before what a program waits for.
    if (!options_.receipt.empty()) {
      const Json receipt = make_receipt(
          options_.engine, reply.request, reply.result, engine_.model());
      write_file_atomically(options_.receipt, receipt.dump(1) + "\n");
    }
    show(reply);
  }

  void print(std::string_view piece) {
    progress_.clear();
    const bool written =
        std::fwrite(piece.data(), 1, piece.size(), stdout) == piece.size() &&
        std::fflush(stdout) == 0;
    if (!written) {  // The reader has gone.
      output_is_gone_ = true;
      interrupt_.request_stop();
    }
    in_line_ = !piece.empty() ? piece.back() != '\n' : in_line_;
  }

  void end_line() {
    if (in_line_) {
      print("\n");
    }
  }

  void print_json(const Json& json) {
    std::printf("%s\n", to_json_line(json).c_str());
    if (std::fflush(stdout) != 0) {
      output_is_gone_ = true;
    }
  }

  void count(const Reply& reply) {
    const Result& result = reply.result;
    ++totals_.exchanges;
    totals_.prompt_tokens += result.prompt_tokens;
    totals_.cached_tokens += result.cached_tokens;
    totals_.completion_tokens += result.completion_tokens();
    totals_.memory = result.memory;
    for (const HistoryEvent& event : reply.events) {
      totals_.dropped_exchanges += event.dropped_exchanges;
    }
    // A person has seen it; a script learns of the guard's stops at the end.
    if (result.finish_reason == FinishReason::memory ||
        result.finish_reason == FinishReason::swap) {
      exit_code_ = exit_code_of(result);
    }
  }

  void show(const Reply& reply) {
    if (options_.json) {
      print_json(exchange_json(
          reply, session_.use(), engine_.model(), options_.applied));
      return;
    }
    // An empty answer is a line too: in a pipe lines are counted.
    if (in_line_ || reply.result.text.empty()) {
      print("\n");
    }
    if (reply.result.finish_reason == FinishReason::cancelled) {
      std::fputs("note: stopped; the conversation goes on\n", stderr);
    }
    for (const std::string& note : reply.result.notes) {
      std::fprintf(stderr, "note: %s\n", note.c_str());
    }
    if (style_.meter) {
      std::fprintf(
          stderr,
          "%s\n",
          meter_line(reply.result, session_.use(), style_.colours).c_str());
    }
  }

  Engine& engine_;
  const RunOptions& options_;
  ChatStyle style_;
  Interrupt& interrupt_;
  ProgressLine progress_;
  Session session_;
  InputLines input_;
  LineEditor editor_;
  ChatTotals totals_;
  bool in_line_ = false;
  bool output_is_gone_ = false;
  int exit_code_ = 0;
};

// A run that hangs under memory pressure ends with what there is.
void set_stuck_handler(EngineOptions& engine, const RunOptions& options) {
  engine.memory.on_stuck = [&options](const Result& so_far) {
    if (options.json) {
      const ModelSummary model{.name = options.engine.model};
      std::printf(
          "%s\n",
          to_json_line(result_json(so_far, model, options.applied)).c_str());
    } else {
      for (const std::string& note : so_far.notes) {
        std::fprintf(stderr, "\nnote: %s", note.c_str());
      }
    }
    std::fflush(stdout);
    std::_Exit(exit_code_of(so_far));
  };
}

int chat(const CLI::Option& model, const SettingFlags& flags) {
  std::vector<GivenSetting> arguments;
  if (model.count() > 0) {
    arguments.push_back(argument("model.name", model.results().front()));
  }
  const RunConfig config = flags.read(std::move(arguments));
  RunOptions options = run_options(config, "", commands::kChat);
  options.engine.prefix_cache_bytes =
      config.bytes("runtime.prefix_cache").value_or(kAutoPrefixCache);
  check_receipt_path(options.receipt);
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  const ChatStyle style{
      .interactive = ::isatty(STDIN_FILENO) == 1 && terminal && !options.json,
      .meter = terminal && !options.json,
      .colours = terminal && std::getenv("NO_COLOR") == nullptr};
  Interrupt interrupt;
  ProgressLine progress(style.meter);
  progress.show("loading " + options.engine.model + " ...");
  EngineOptions engine_options = options.engine;
  set_stuck_handler(engine_options, options);
  Engine engine(engine_options);
  progress.clear();
  return Chat(engine, options, session_options(config), style, interrupt)
      .talk();
}

}  // namespace

void add_chat_command(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("chat", "A conversation with a hard limit");
  command->footer(
      "Keeps at most --chat-history-limit exchanges, and never more than fit "
      "in\n--max-kv-size tokens. On a terminal /help lists commands; from a "
      "pipe each line is\na message, and --json prints one object per "
      "exchange.\n\n"
      "  bantam chat\n"
      "  bantam chat model.gguf --system-prompt \"Be brief.\"\n"
      "  bantam chat --json < questions.txt");
  const CLI::Option* model =
      command->add_option("MODEL", CLI::callback_t(), "See bantam run --help");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kChat);
  command->callback(
      [=, &action] { action = [=] { return chat(*model, *flags); }; });
}

}  // namespace bantam
