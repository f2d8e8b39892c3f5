// SPDX-License-Identifier: MIT
#include "cli/retrieval_options.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/size.h"
#include "base/user_folders.h"
#include "cli/options.h"
#include "cli/progress_line.h"
#include "engine/run_check.h"
#include "machine/this_machine.h"
#include "weights/locate.h"

namespace bantam {

namespace fs = std::filesystem;

namespace {

// The program and its libraries beside the model (docs/documents.md).
constexpr int64_t kProgramBytes = 16 << 20;
// Of each reason, how many files are named.
constexpr int64_t kNamedFiles = 5;

std::string index_home() {
  std::string folder = user_data_folder();
  if (folder.empty()) {
    fail(
        ErrorCode::invalid_request,
        "HOME is not set, so there is no folder for the index; name one: "
        "--index FILE");
  }
  return folder;
}

}  // namespace

std::string index_path(const RunConfig& config) {
  if (const std::string& path = config.text("retrieval.index"); !path.empty()) {
    return expand_home(path);
  }
  const std::string folder = index_home();
  std::error_code ignored;
  fs::create_directories(folder, ignored);
  return folder + "/documents.sqlite";
}

SearchOptions search_options(const RunConfig& config) {
  SearchOptions options;
  options.limit = config.integer("retrieval.results");
  options.per_file = config.integer("retrieval.per_file");
  return options;
}

int64_t encoder_bytes(const RunConfig& config) {
  return plan_text_encoder(
             expand_home(config.text("retrieval.embedding_model")),
             static_cast<int>(config.integer("runtime.threads")))
      .total_bytes();
}

std::unique_ptr<TextEncoder> open_encoder(
    const RunConfig& config,
    int64_t more_bytes) {
  const std::string model =
      expand_home(config.text("retrieval.embedding_model"));
  const int threads = static_cast<int>(config.integer("runtime.threads"));
  const int64_t need = encoder_bytes(config) + more_bytes + kProgramBytes;
  const MemoryRules rules = engine_options(config).memory;
  check_size(
      rules,
      need,
      more_bytes > 0 ? "the embedding model and a file in work"
                     : "the embedding model",
      make_memory_source(rules.source)->sample());
  return std::make_unique<TextEncoder>(model, threads);
}

IngestReport add_documents(
    const RunConfig& config,
    DocumentIndex& index,
    TextEncoder& encoder,
    const std::vector<std::string>& paths,
    Interrupt& interrupt) {
  ProgressLine progress(::isatty(STDERR_FILENO) == 1);
  IngestOptions options;
  options.max_file_bytes = *config.bytes("retrieval.max_file_size");
  IngestReport report = ingest(
      index,
      encoder,
      paths,
      options,
      [&](const IngestProgress& now) {
        progress.show(
            fmt::format(
                "{} of {} files, {} chunks: {}",
                now.files_done,
                now.files,
                now.chunks_done,
                fs::path(now.path).filename().string()));
      },
      interrupt.token());
  progress.clear();
  return report;
}

void print_skipped(const IngestReport& report) {
  std::map<SkipReason, int64_t> counts;
  for (const Skipped& skipped : report.skipped) {
    if (++counts[skipped.reason] <= kNamedFiles &&
        skipped.reason != SkipReason::binary) {
      std::fprintf(
          stderr,
          "left out: %s: %s\n",
          skipped.path.c_str(),
          skipped.detail.empty() ? skip_reason_name(skipped.reason)
                                 : skipped.detail.c_str());
    }
  }
  for (const auto& [reason, count] : counts) {
    const bool named = reason != SkipReason::binary;
    if (const int64_t more = count - (named ? kNamedFiles : 0); more > 0) {
      std::fprintf(
          stderr,
          "left out: %lld %sfiles: %s\n",
          static_cast<long long>(more),
          named ? "more " : "",
          skip_reason_name(reason));
    }
  }
}

}  // namespace bantam
