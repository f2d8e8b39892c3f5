// SPDX-License-Identifier: MIT
// A Result for programs and for people.
#pragma once

#include "bantam/engine.h"
#include "base/json.h"

namespace bantam {

/// The object that --json prints.
Json result_json(
    const Result& result,
    const ModelSummary& model,
    const Json& applied);

/// One line of speed and memory, to stderr.
void print_statistics(const Result& result);

int exit_code_of(const Result& result);

}  // namespace bantam
