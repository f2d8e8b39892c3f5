// SPDX-License-Identifier: MIT
// The prompt of an answer from sources, packed to a budget of tokens that the
// backend itself counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bantam/backend.h"
#include "retrieval/hybrid_search.h"

namespace bantam {

/// A request for an answer, and the sources it shows, numbered from 1.
struct PackedPrompt {
  Request request;
  std::vector<Hit> sources;
  int64_t prompt_tokens = 0;
  int64_t left_out = 0;  // hits for which there was no room
};

/// Tokens of the prompt of `request`; of a backend that cannot tell, an upper
/// estimate from its bytes.
int64_t prompt_tokens_of(const Backend& backend, const Request& request);

/// The same if it is at most `budget`; none too for what the backend refuses
/// because of its length.
std::optional<int64_t> prompt_tokens_within(
    const Backend& backend,
    const Request& request,
    int64_t budget);

/// `base` with `content` as what the user says.
Request with_content(Request base, const std::string& content);

/// Shows as many of `hits`, the best first, as leave the prompt at or below
/// `prompt_budget` tokens; one that is too long makes room for those after it.
/// Throws invalid_request if not even the best one fits, cut to half.
PackedPrompt pack_question(
    const Backend& backend,
    const Request& base,
    const std::string& question,
    const std::vector<Hit>& hits,
    int64_t prompt_budget);

}  // namespace bantam
