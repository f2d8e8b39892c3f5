// SPDX-License-Identifier: MIT
// Log probabilities as the two OpenAI routes write them.
#pragma once

#include <vector>

#include "bantam/request.h"
#include "base/json.h"

namespace bantam {

/// {"content": [{"token", "logprob", "bytes", "top_logprobs"}, ...]}
Json chat_logprobs(const std::vector<TokenChoice>& tokens);

/// {"tokens", "token_logprobs", "top_logprobs", "text_offset"}; the first
/// token's text begins at `offset` bytes of the answer, which moves on.
Json completion_logprobs(
    const std::vector<TokenChoice>& tokens,
    int64_t& offset);

}  // namespace bantam
