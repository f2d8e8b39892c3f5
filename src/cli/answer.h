// SPDX-License-Identifier: MIT
// One request from the command line: load, answer, show.
#pragma once

#include "base/json.h"
#include "cli/options.h"

namespace bantam {

/// Reads all of stdin.
std::string read_stdin();

/// Before the work: a receipt that cannot be written would be noticed too
/// late. Throws invalid_request.
void check_receipt_path(const std::string& path);

struct AnswerStyle {
  bool statistics = false;  // print speed and memory to stderr even in a pipe
};

/// Loads the model and answers `options.request`: text as it comes, or one
/// JSON object. Returns the exit code. Throws bantam::Error.
int answer(const RunOptions& options, const AnswerStyle& style = {});

}  // namespace bantam
