// SPDX-License-Identifier: MIT
// How likely the model held a token and its rivals.
#pragma once

#include <cstdint>
#include <span>

#include "bantam/request.h"
#include "text/token_bytes.h"

namespace bantam {

/// `logits`: float32, [vocabulary], as the model gave them. `top` rivals, the
/// likeliest first; of equal ones the lower id.
TokenChoice rate_token(
    std::span<const float> logits,
    TokenId chosen,
    int64_t top,
    const TokenBytes& bytes);

}  // namespace bantam
