// SPDX-License-Identifier: MIT
// A bound on text that is being rewritten: a chain of replacements in a
// hostile file could let a line grow without end.
#pragma once

#include <cstddef>

#include "base/error.h"

namespace bantam {

/// Far above any prompt.
inline constexpr size_t kMaxRewrittenBytes = 256 << 20;

/// Throws invalid_request if a rewritten text has grown beyond the bound.
inline void check_growth(size_t bytes) {
  if (bytes > kMaxRewrittenBytes) {
    fail(
        ErrorCode::invalid_request,
        "the tokenizer's rules let the text grow beyond {} MiB",
        kMaxRewrittenBytes >> 20);
  }
}

}  // namespace bantam
