// SPDX-License-Identifier: MIT
// bantam ask [MODEL] QUESTION: an answer from documents, with its sources.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/error.h"
#include "base/sha256.h"
#include "base/user_folders.h"
#include "base/utf8.h"
#include "cli/answer.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/progress_line.h"
#include "cli/result_report.h"
#include "cli/retrieval_options.h"
#include "cli/setting_flags.h"
#include "retrieval/answer_json.h"
#include "retrieval/answer_prompt.h"
#include "retrieval/claims.h"
#include "retrieval/whole_document.h"

namespace bantam {

namespace {

// One argument is the question, two are the model and the question.
struct AskArguments {
  const CLI::Option* first = nullptr;
  const CLI::Option* second = nullptr;
  std::vector<std::string> docs;
  std::string whole;
  std::string progress_file;

  std::vector<GivenSetting> settings() const {
    if (second->count() == 0) {
      return {};
    }
    return {argument("model.name", first->results().front())};
  }
  std::string question() const {
    const CLI::Option* option = second->count() == 0 ? first : second;
    const std::string word =
        option->count() == 0 ? "" : option->results().front();
    return word == "-" ? read_stdin() : word;
  }
};

void check_question(const std::string& question) {
  if (question.find_first_not_of(" \t\r\n") == question.npos) {
    fail(
        ErrorCode::invalid_request,
        "the question is empty; write it as the last argument, or - to read "
        "it from stdin");
  }
  if (const size_t valid = valid_utf8_prefix(question);
      valid != question.size()) {
    fail(
        ErrorCode::invalid_request,
        "the question is not valid UTF-8: byte 0x{:02X} at offset {}",
        static_cast<unsigned char>(question[valid]),
        valid);
  }
}

// What an answer may name, by number.
struct Source {
  std::string place;
  Json json;
};

// Prints the answer as it comes, sentence by sentence.
class AnswerPrinter {
 public:
  AnswerPrinter(bool shown, ProgressLine& progress, Interrupt& interrupt)
      : shown_(shown), progress_(progress), interrupt_(interrupt) {}

  void begin(int source_count) { marker_.emplace(source_count); }

  Observer observer() {
    Observer observer;
    observer.prefill = [this](int64_t done, int64_t total) {
      progress_.show(fmt::format("reading the prompt: {} of {}", done, total));
    };
    if (shown_) {
      observer.text = [this](std::string_view piece) {
        write(marker_->push(piece));
      };
    }
    return observer;
  }

  void end() {
    progress_.clear();
    if (shown_ && marker_) {
      write(marker_->finish() + "\n");
    }
  }

 private:
  void write(const std::string& text) {
    if (text.empty()) {
      return;
    }
    progress_.clear();
    const bool written =
        std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
        std::fflush(stdout) == 0;
    if (!written) {  // The reader has gone.
      interrupt_.request_stop();
    }
  }

  bool shown_;
  ProgressLine& progress_;
  Interrupt& interrupt_;
  std::optional<ClaimMarker> marker_;
};

// The whole answer as JSON, or what stands below the text.
void print_sources(
    const Result& result,
    const std::vector<Source>& sources,
    const ModelSummary& model,
    const RunOptions& options,
    const Json& more) {
  std::vector<Json> shown;
  for (const Source& source : sources) {
    shown.push_back(source.json);
  }
  const Json cited = cited_json(result.text, shown);
  if (options.json) {
    Json json = result_json(result, model, options.applied);
    json.update(cited);
    json.update(more);
    std::printf("%s\n", to_json_line(json).c_str());
    return;
  }
  std::printf("\n");
  for (size_t i = 0; i < sources.size(); ++i) {
    if (cited["sources"][i]["cited"].get<bool>()) {
      std::printf("[%zu] %s\n", i + 1, sources[i].place.c_str());
    }
  }
  std::fflush(stdout);
  if (const auto unsupported = cited["claims_without_source"].get<int64_t>();
      unsupported > 0) {
    std::fprintf(
        stderr,
        "note: %lld sentence%s of the answer name%s no source\n",
        static_cast<long long>(unsupported),
        unsupported == 1 ? "" : "s",
        unsupported == 1 ? "s" : "");
  }
  for (const std::string& note : result.notes) {
    std::fprintf(stderr, "note: %s\n", note.c_str());
  }
}

// Found before the language model is loaded, so that the two are never in
// memory together.
std::vector<Hit> find_sources(
    const RunConfig& config,
    const AskArguments& arguments,
    const std::string& question,
    Interrupt& interrupt) {
  const bool adds = !arguments.docs.empty();
  DocumentIndex index(
      index_path(config), adds ? DatabaseMode::create : DatabaseMode::write);
  const auto encoder = open_encoder(
      config,
      adds ? ingest_bytes(*config.bytes("retrieval.max_file_size")) : 0);
  index.check_model({encoder->fingerprint(), encoder->dimension()});
  SearchOptions options = search_options(config);
  if (adds) {
    const IngestReport report =
        add_documents(config, index, *encoder, arguments.docs, interrupt);
    print_skipped(report);
    for (const std::string& path : arguments.docs) {
      options.among.push_back(absolute_path(path));
    }
  }
  const std::vector<Hit> hits =
      search(index, question, encoder->embed({&question, 1}), options);
  if (hits.empty()) {
    fail(
        ErrorCode::not_found,
        "{}: there is no document to answer from; add some with bantam index "
        "add PATH, or name them with --docs PATH",
        index.path());
  }
  return hits;
}

int64_t prompt_budget(const Engine& engine, const Request& request) {
  const int64_t budget = engine.kv_budget_tokens() - request.max_tokens;
  if (budget < 1) {
    fail(
        ErrorCode::invalid_request,
        "an answer of --max-tokens {} leaves no room for a prompt in "
        "--max-kv-size {}",
        request.max_tokens,
        engine.kv_budget_tokens());
  }
  return budget;
}

int answer_from_sources(
    const RunConfig& config,
    const AskArguments& arguments,
    const std::string& question,
    Interrupt& interrupt) {
  const std::vector<Hit> hits =
      find_sources(config, arguments, question, interrupt);
  RunOptions options = run_options(config, question, commands::kAsk);
  ProgressLine progress(::isatty(STDERR_FILENO) == 1 && !options.json);
  progress.show("loading " + options.engine.model + " ...");
  Engine engine(options.engine);
  const PackedPrompt packed = pack_question(
      engine,
      options.request,
      question,
      hits,
      prompt_budget(engine, options.request));
  std::vector<Source> sources;
  for (const Hit& hit : packed.sources) {
    sources.push_back({hit.place(), hit_json(hit)});
  }
  AnswerPrinter printer(!options.json, progress, interrupt);
  printer.begin(static_cast<int>(sources.size()));
  Result result =
      engine.generate(packed.request, printer.observer(), interrupt.token());
  result.notes.insert(
      result.notes.begin(), options.notes.begin(), options.notes.end());
  printer.end();
  print_sources(
      result,
      sources,
      engine.model(),
      options,
      {{"question", question}, {"hits_left_out", packed.left_out}});
  return exit_code_of(result);
}

// Names the work: whatever decides what a step's answer is.
std::string key_of_work(
    const std::string& question,
    const std::vector<Chunk>& parts,
    const RunOptions& options,
    int64_t budget) {
  Sha256 digest;
  digest.add(question);
  for (const Chunk& part : parts) {
    digest.add(part.text);
  }
  const Request& request = options.request;
  const SamplingSettings& sampling = request.sampling;
  digest.add(
      fmt::format(
          "{} {} {} {} {} {} {} {} {} {} {} {} {} {}",
          options.engine.model,
          budget,
          options.engine.kv_bits,
          request.max_tokens,
          request.thinking,
          request.thinking_budget,
          request.template_variables,
          sampling.temperature,
          sampling.top_k,
          sampling.top_p,
          sampling.min_p,
          sampling.repetition_penalty,
          sampling.presence_penalty + 8 * sampling.frequency_penalty,
          sampling.seed));
  for (const Message& message : request.messages) {
    digest.add(message.role + message.content);
  }
  return digest.hex();
}

std::string default_progress_file(const std::string& key) {
  const std::string folder = user_cache_folder();
  return (folder.empty() ? "." : folder) + "/whole-" + key.substr(0, 16) +
      ".jsonl";
}

int answer_from_whole(
    const RunConfig& config,
    const AskArguments& arguments,
    const std::string& question,
    Interrupt& interrupt) {
  RunOptions options = run_options(config, question, commands::kAsk);
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  ProgressLine progress(terminal && !options.json);
  progress.show("loading " + options.engine.model + " ...");
  Engine engine(options.engine);
  const int64_t budget = prompt_budget(engine, options.request);
  const std::vector<Chunk> parts =
      whole_parts(engine, options.request, question, arguments.whole, budget);
  const std::string key = key_of_work(question, parts, options, budget);
  StepLog log(
      arguments.progress_file.empty() ? default_progress_file(key)
                                      : arguments.progress_file,
      key);
  AnswerPrinter printer(!options.json, progress, interrupt);
  WholeOptions whole;
  whole.prompt_budget = budget;
  whole.progress = [&](const WholeProgress& now) {
    progress.show(
        fmt::format("{}: {} of {}", now.stage, now.done + 1, now.total));
  };
  whole.answering = [&](const std::vector<Chunk>& all) {
    printer.begin(static_cast<int>(all.size()));
  };
  WholeAnswer answer = answer_whole(
      engine,
      options.request,
      question,
      parts,
      log,
      whole,
      printer.observer(),
      interrupt.token());
  printer.end();
  const std::string path = absolute_path(arguments.whole);
  std::vector<Source> sources;
  for (const Chunk& part : answer.parts) {
    sources.push_back(
        {place_text(path, "text", part),
         {{"path", path},
          {"lines", {part.line_first, part.line_last}},
          {"bytes", {part.byte_begin, part.byte_end}}}});
  }
  Result& result = answer.result;
  result.notes.insert(
      result.notes.begin(), options.notes.begin(), options.notes.end());
  print_sources(
      result,
      sources,
      engine.model(),
      options,
      {{"question", question},
       {"whole",
        {{"steps", answer.steps},
         {"taken_up", answer.taken_up},
         {"prompt_tokens", answer.prompt_tokens},
         {"completion_tokens", answer.completion_tokens}}}});
  return exit_code_of(result);
}

int ask(const AskArguments& arguments, const SettingFlags& flags) {
  const RunConfig config = flags.read(arguments.settings());
  const std::string question = arguments.question();
  check_question(question);
  Interrupt interrupt;
  if (arguments.whole.empty()) {
    return answer_from_sources(config, arguments, question, interrupt);
  }
  if (!arguments.docs.empty()) {
    fail(ErrorCode::invalid_request, "--whole and --docs exclude each other");
  }
  return answer_from_whole(config, arguments, question, interrupt);
}

}  // namespace

void add_ask_command(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("ask", "An answer from documents, with its sources");
  command->footer(
      "Answers from the index that bantam index add makes; --docs adds to it "
      "first and\nanswers from these alone. A sentence that names no source is "
      "marked [no source].\n\n"
      "  bantam ask \"How are backups made?\"\n"
      "  bantam ask model.gguf \"What does chapter 3 say?\" --docs book.pdf\n"
      "  bantam ask \"What is this about?\" --whole report.txt");
  auto arguments = std::make_shared<AskArguments>();
  arguments->first =
      command->add_option("MODEL", CLI::callback_t(), "The model");
  arguments->second = command->add_option(
      "QUESTION", CLI::callback_t(), "The question; - reads it from stdin");
  command->add_option(
      "--docs", arguments->docs, "Files and folders to answer from");
  command->add_option(
      "--whole",
      arguments->whole,
      "Read all of this file, part by part, instead of searching the index");
  command->add_option(
      "--progress-file",
      arguments->progress_file,
      "Where --whole keeps what it has done, to go on after an interruption");
  auto flags = std::make_shared<SettingFlags>(*command, commands::kAsk);
  command->callback(
      [=, &action] { action = [=] { return ask(*arguments, *flags); }; });
}

}  // namespace bantam
