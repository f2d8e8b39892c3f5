// SPDX-License-Identifier: MIT
// A receipt: everything that is needed to run a request again and to prove
// that the answer is the same, with what the first run took.
#pragma once

#include <string>
#include <vector>

#include "bantam/engine.h"
#include "base/json.h"

namespace bantam {

/// The receipt of a run that has ended. Hashes the model's files, which takes
/// seconds for a large one the first time.
Json make_receipt(
    const EngineOptions& options,
    const Request& request,
    const Result& result,
    const ModelSummary& model);

/// A receipt as read back.
struct Receipt {
  EngineOptions options;
  Request request;
  std::vector<int32_t> prompt_ids;
  std::vector<int32_t> token_ids;
  std::string text_sha256;
  Json environment;  // bantam, mlx, machine, kernels, model
};

/// Throws not_found or invalid_request, naming file and key.
Receipt read_receipt(const std::string& path);

/// Where a run differs from its receipt, one line each, those that can change
/// the answer first.
struct EnvironmentChange {
  std::string what;      // "model", "bantam", ...
  std::string text;      // "bantam: 0.1.0 then, 0.2.0 now"
  bool can_change_bits;  // as opposed to a difference that must not matter
};

/// Compares what the receipt says with this program, this machine and the
/// model that lies at options.model now.
std::vector<EnvironmentChange> environment_changes(const Receipt& receipt);

}  // namespace bantam
