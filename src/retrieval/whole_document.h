// SPDX-License-Identifier: MIT
// A question about a whole document that is longer than the context: notes are
// taken of each part (map), and joined until they fit one prompt (reduce).
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bantam/backend.h"
#include "retrieval/document_index.h"
#include "retrieval/step_log.h"

namespace bantam {

struct WholeProgress {
  std::string stage;  // "reading", "joining", "answering"
  int64_t done = 0;
  int64_t total = 0;
  int64_t taken_up = 0;  // steps that an earlier run had done
};

struct WholeOptions {
  int64_t prompt_budget = 0;  // tokens
  std::function<void(const WholeProgress&)> progress;
  /// Called before the answer to the question begins, with the parts that it
  /// can name, numbered from 1.
  std::function<void(const std::vector<Chunk>& parts)> answering;
};

struct WholeAnswer {
  Result result;  // of the last prompt
  std::vector<Chunk> parts;
  int64_t steps = 0;
  int64_t taken_up = 0;
  int64_t prompt_tokens = 0;  // of all prompts of this run
  int64_t completion_tokens = 0;
};

/// The parts of a document whose prompts fit `prompt_budget`. Throws
/// invalid_request if the budget leaves them no room.
std::vector<Chunk> whole_parts(
    const Backend& backend,
    const Request& base,
    const std::string& question,
    const std::string& path,
    int64_t prompt_budget);

/// Answers `question`; `observer` hears the last prompt alone. A stop, by the
/// user or the guard, ends it with what `log` keeps: the result says why.
WholeAnswer answer_whole(
    Backend& backend,
    const Request& base,
    const std::string& question,
    const std::vector<Chunk>& parts,
    StepLog& log,
    const WholeOptions& options,
    const Observer& observer = {},
    std::stop_token stop = {});

}  // namespace bantam
