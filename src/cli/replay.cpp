// SPDX-License-Identifier: MIT
// bantam replay RECEIPT: runs a receipt again and compares the bytes.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/sha256.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "engine/receipt.h"

namespace bantam {

namespace {

struct ReplayOptions {
  std::string receipt;
  std::string model;
  bool anyway = false;
  bool allow_dirty = false;
  bool json = false;
};

// The index of the first token that differs; -1 if none does.
int64_t first_difference(
    const std::vector<int32_t>& then,
    const std::vector<int32_t>& now) {
  const auto [a, b] =
      std::mismatch(then.begin(), then.end(), now.begin(), now.end());
  return a == then.end() && b == now.end() ? -1 : a - then.begin();
}

Json token_at(const std::vector<int32_t>& ids, int64_t index) {
  return index >= 0 && index < static_cast<int64_t>(ids.size())
      ? Json(ids[index])
      : Json();
}

std::string join_changes(const std::vector<EnvironmentChange>& changes) {
  std::string text;
  for (const EnvironmentChange& change : changes) {
    text += (text.empty() ? "" : "; ") + change.text;
  }
  return text;
}

// Differences that can change the answer are refused unless asked for.
void check_changes(
    const ReplayOptions& options,
    const std::vector<EnvironmentChange>& changes) {
  const bool matters = std::any_of(
      changes.begin(), changes.end(), [](const EnvironmentChange& change) {
        return change.can_change_bits;
      });
  if (matters && !options.anyway) {
    const bool model = changes.front().what == "model";
    fail(
        model ? ErrorCode::invalid_file : ErrorCode::unsupported,
        "{}: the receipt is from another {} ({}); --anyway replays it all the "
        "same",
        options.receipt,
        model ? "model" : "environment",
        join_changes(changes));
  }
}

int replay(const ReplayOptions& options) {
  Receipt receipt = read_receipt(options.receipt);
  if (!options.model.empty()) {
    receipt.options.model = options.model;
  }
  receipt.options.memory.clean_room = !options.allow_dirty;
  const std::vector<EnvironmentChange> changes = environment_changes(receipt);
  check_changes(options, changes);

  Interrupt interrupt;
  // An answer that was cut off by a person or by the guard is replayed up to
  // where it was cut.
  receipt.request.max_tokens =
      std::max<int64_t>(1, static_cast<int64_t>(receipt.token_ids.size()));
  Engine engine(receipt.options);
  const Result result = engine.generate(receipt.request, {}, interrupt.token());
  if (result.finish_reason == FinishReason::cancelled) {
    fail(ErrorCode::cancelled, "interrupted before the replay was complete");
  }
  const bool same_prompt = result.prompt_ids == receipt.prompt_ids;
  const int64_t at = first_difference(receipt.token_ids, result.token_ids);
  const bool identical = same_prompt && at < 0;
  if (options.json) {
    Json list = Json::array();
    for (const EnvironmentChange& change : changes) {
      list.push_back(change.text);
    }
    const Json json{
        {"identical", identical},
        {"tokens", receipt.token_ids.size()},
        {"prompt_identical", same_prompt},
        {"first_difference", at < 0 ? Json() : Json(at)},
        {"token_then", token_at(receipt.token_ids, at)},
        {"token_now", token_at(result.token_ids, at)},
        {"text_sha256", sha256_of(result.text)},
        {"changes", list}};
    std::printf("%s\n", to_json_line(json).c_str());
  } else if (identical) {
    std::printf(
        "identical: %zu tokens, prompt of %zu\n",
        receipt.token_ids.size(),
        receipt.prompt_ids.size());
  } else if (!same_prompt) {
    std::printf(
        "different: the prompt became other tokens (%zu then, %zu now)\n",
        receipt.prompt_ids.size(),
        result.prompt_ids.size());
  } else {
    std::printf(
        "different: token %lld is %s now, was %s\n",
        static_cast<long long>(at),
        to_json_line(token_at(result.token_ids, at)).c_str(),
        to_json_line(token_at(receipt.token_ids, at)).c_str());
  }
  if (!options.json && !changes.empty()) {
    std::fprintf(stderr, "note: %s\n", join_changes(changes).c_str());
  }
  // The same program on the same machine has promised the same bytes.
  return identical      ? 0
      : changes.empty() ? error_kind(ErrorCode::internal).exit_code
                        : error_kind(ErrorCode::unsupported).exit_code;
}

}  // namespace

void add_replay_command(CLI::App& app, Action& action) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command =
      app.add_subcommand("replay", "Run a receipt again and compare the bytes");
  command->footer(
      "Exit code 0: identical. 3: another model, bantam, MLX or system than "
      "the "
      "receipt's\n(with --anyway: it ran and differs). 1: all of that is the "
      "same and the answer differs,\nwhich is a bug.\n\n"
      "  bantam run --receipt answer.json \"What is gravity?\"\n"
      "  bantam replay answer.json");
  command->add_option("RECEIPT", options->receipt, "What --receipt wrote")
      ->required();
  command->add_option(
      "--model", options->model, "Where the model lies now, if it has moved");
  command->add_flag(
      "--anyway",
      options->anyway,
      "Replay although model, program or machine differ");
  command->add_flag(
      "--allow-dirty",
      options->allow_dirty,
      "Start in spite of heavy applications and memory pressure");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->callback(
      [=, &action] { action = [=] { return replay(*options); }; });
}

}  // namespace bantam
