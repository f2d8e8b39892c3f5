// SPDX-License-Identifier: MIT
// bantam index add|list|remove|search|check: the documents that `ask` reads.
#include <chrono>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "base/size.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/retrieval_options.h"
#include "cli/setting_flags.h"
#include "retrieval/answer_json.h"

namespace bantam {

namespace {

void print_report(const Json& json) {
  std::printf("%s\n", to_json_line(json).c_str());
}

Json report_json(const IngestReport& report) {
  Json skipped = Json::array();
  for (const Skipped& one : report.skipped) {
    skipped.push_back(
        {{"path", one.path},
         {"reason", skip_reason_name(one.reason)},
         {"detail", one.detail}});
  }
  return {
      {"added", report.added},
      {"updated", report.updated},
      {"unchanged", report.unchanged},
      {"removed", report.removed},
      {"chunks", report.chunks},
      {"bytes", report.bytes},
      {"cancelled", report.cancelled},
      {"skipped", std::move(skipped)}};
}

int add_to_index(
    const std::vector<std::string>& paths,
    const SettingFlags& flags) {
  const RunConfig config = flags.read();
  Interrupt interrupt;
  const auto start = std::chrono::steady_clock::now();
  // A wrong file is said before the model is read.
  DocumentIndex index(index_path(config), DatabaseMode::create);
  const auto encoder = open_encoder(
      config, ingest_bytes(*config.bytes("retrieval.max_file_size")));
  const IngestReport report =
      add_documents(config, index, *encoder, paths, interrupt);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (config.boolean("output.json")) {
    Json json = report_json(report);
    json["index"] = index.path();
    json["seconds"] = seconds;
    json["planned_bytes"] = encoder->plan().total_bytes();
    print_report(json);
  } else {
    print_skipped(report);
    std::printf(
        "%lld added, %lld updated, %lld unchanged, %lld removed, %zu left out; "
        "%lld chunks in %.1f s\n",
        static_cast<long long>(report.added),
        static_cast<long long>(report.updated),
        static_cast<long long>(report.unchanged),
        static_cast<long long>(report.removed),
        report.skipped.size(),
        static_cast<long long>(report.chunks),
        seconds);
  }
  return report.cancelled ? error_kind(ErrorCode::cancelled).exit_code : 0;
}

int list_index(const SettingFlags& flags) {
  const RunConfig config = flags.read();
  DocumentIndex index(index_path(config), DatabaseMode::write);
  const std::vector<Document> documents = index.documents();
  if (config.boolean("output.json")) {
    Json out = Json::array();
    for (const Document& document : documents) {
      out.push_back(
          {{"path", document.path},
           {"kind", document.kind},
           {"encoding", document.encoding},
           {"bytes", document.bytes},
           {"sha256", document.sha256},
           {"chunks", document.chunks}});
    }
    print_report(
        {{"index", index.path()},
         {"chunks", index.chunk_count()},
         {"documents", std::move(out)}});
    return 0;
  }
  for (const Document& document : documents) {
    std::printf(
        "%6lld chunks %10s  %-8s  %s\n",
        static_cast<long long>(document.chunks),
        format_size(document.bytes).c_str(),
        document.kind.c_str(),
        document.path.c_str());
  }
  std::printf(
      "%zu documents, %lld chunks in %s\n",
      documents.size(),
      static_cast<long long>(index.chunk_count()),
      index.path().c_str());
  return 0;
}

int remove_from_index(
    const std::vector<std::string>& paths,
    const SettingFlags& flags) {
  const RunConfig config = flags.read();
  DocumentIndex index(index_path(config), DatabaseMode::write);
  int64_t removed = 0;
  for (const std::string& path : paths) {
    const int64_t here = index.remove(absolute_path(path));
    if (here == 0) {
      fail(
          ErrorCode::not_found,
          "{}: the index {} has no such document; bantam index list shows all",
          path,
          index.path());
    }
    removed += here;
  }
  if (config.boolean("output.json")) {
    print_report({{"index", index.path()}, {"removed", removed}});
  } else {
    std::printf("%lld removed\n", static_cast<long long>(removed));
  }
  return 0;
}

struct SearchArguments {
  const CLI::Option* query = nullptr;
  std::string by = "fusion";
};

int search_index(const SearchArguments& arguments, const SettingFlags& flags) {
  const RunConfig config = flags.read();
  const std::string query = arguments.query->results().front();
  DocumentIndex index(index_path(config), DatabaseMode::write);
  SearchOptions options = search_options(config);
  options.mode = arguments.by == "words" ? SearchMode::words
      : arguments.by == "vectors"        ? SearchMode::vectors
                                         : SearchMode::fusion;
  std::vector<float> vector;
  if (options.mode != SearchMode::words) {
    const auto encoder = open_encoder(config);
    index.check_model({encoder->fingerprint(), encoder->dimension()});
    vector = encoder->embed({&query, 1});
  }
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Hit> hits = search(index, query, vector, options);
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  if (config.boolean("output.json")) {
    Json out = Json::array();
    for (const Hit& hit : hits) {
      out.push_back(hit_json(hit));
    }
    print_report(
        {{"query", query}, {"search_s", seconds}, {"hits", std::move(out)}});
    return 0;
  }
  for (size_t i = 0; i < hits.size(); ++i) {
    std::printf(
        "[%zu] %s%s%s\n%s\n\n",
        i + 1,
        hits[i].place().c_str(),
        hits[i].chunk.heading.empty() ? "" : "  ",
        hits[i].chunk.heading.c_str(),
        hits[i].chunk.text.c_str());
  }
  if (hits.empty()) {
    std::fprintf(stderr, "nothing found\n");
  }
  return 0;
}

int check_index(const SettingFlags& flags) {
  const RunConfig config = flags.read();
  DocumentIndex index(index_path(config), DatabaseMode::write);
  const std::vector<std::string> problems = index.check();
  if (config.boolean("output.json")) {
    print_report(
        {{"index", index.path()},
         {"sound", problems.empty()},
         {"problems", problems}});
  } else {
    for (const std::string& problem : problems) {
      std::printf("%s\n", problem.c_str());
    }
    std::printf(
        "%s: %s\n",
        index.path().c_str(),
        problems.empty() ? "sound" : "damaged");
  }
  return problems.empty() ? 0 : error_kind(ErrorCode::invalid_file).exit_code;
}

// A subcommand of `index` with the flags of settings.
template <class Run>
CLI::App* add_index_part(
    CLI::App& index,
    Action& action,
    const char* name,
    const char* help,
    Run run) {
  CLI::App* command = index.add_subcommand(name, help);
  auto flags = std::make_shared<SettingFlags>(*command, commands::kIndex);
  command->callback([=, &action] { action = [=] { return run(*flags); }; });
  return command;
}

}  // namespace

void add_index_command(CLI::App& app, Action& action) {
  CLI::App* index =
      app.add_subcommand("index", "The documents that bantam ask reads");
  index->footer(
      "One SQLite file holds the text of the documents, cut into chunks, a "
      "full-text\nindex and a vector for each chunk.\n\n"
      "  bantam index add ~/notes manual.pdf\n"
      "  bantam index search \"how are backups made\"\n"
      "  bantam index list\n"
      "  bantam index remove ~/notes");
  const auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* adding = add_index_part(
      *index,
      action,
      "add",
      "Add files and folders, or what has changed of them",
      [=](const SettingFlags& flags) { return add_to_index(*paths, flags); });
  adding->add_option("PATH", *paths, "Files and folders")->required();
  add_index_part(*index, action, "list", "The documents in it", list_index);
  CLI::App* removing = add_index_part(
      *index,
      action,
      "remove",
      "Take documents, or all below a folder, out of it",
      [=](const SettingFlags& flags) {
        return remove_from_index(*paths, flags);
      });
  removing->add_option("PATH", *paths, "Files and folders")->required();
  auto arguments = std::make_shared<SearchArguments>();
  CLI::App* searching = add_index_part(
      *index,
      action,
      "search",
      "The places that fit a query best",
      [=](const SettingFlags& flags) {
        return search_index(*arguments, flags);
      });
  arguments->query =
      searching->add_option("QUERY", CLI::callback_t(), "What is sought")
          ->required();
  searching
      ->add_option(
          "--by",
          arguments->by,
          "fusion of both, words (BM25) or vectors alone")
      ->check(CLI::IsMember({"fusion", "words", "vectors"}))
      ->capture_default_str();
  add_index_part(
      *index,
      action,
      "check",
      "Look for damage; exit code 3 if there is",
      check_index);
}

}  // namespace bantam
