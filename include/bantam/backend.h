// SPDX-License-Identifier: MIT
// Anything that answers a Request with a stream of text and a Result.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

#include "bantam/request.h"

namespace bantam {

/// Receives the answer piece by piece, each piece whole UTF-8 characters, on
/// the thread that called generate().
using TextSink = std::function<void(std::string_view piece)>;

/// With Request::top_logprobs: each token of the answer, before its text.
using TokenSink = std::function<void(const TokenChoice& choice)>;

/// Told how much of the prompt has been read, after each chunk.
using PrefillProgress = std::function<void(int64_t done, int64_t total)>;

struct Observer {
  TextSink text;            // may be empty
  PrefillProgress prefill;  // may be empty
  TokenSink token;          // may be empty
  TextSink reasoning;       // may be empty; comes before the answer
};

class Backend {
 public:
  virtual ~Backend() = default;

  /// Answers one request. A stop request ends it early with what was
  /// generated so far (FinishReason::cancelled). At most parallel() calls at a
  /// time.
  /// Throws bantam::Error.
  virtual Result generate(
      const Request& request,
      const Observer& observer = {},
      std::stop_token stop = {}) = 0;

  /// How many requests can be answered at the same time.
  virtual int64_t parallel() const { return 1; }

  /// The length of the request's prompt in tokens, checked as generate() would
  /// check it; nullopt: this backend cannot tell beforehand. Any thread, also
  /// while generate() runs. Throws bantam::Error.
  virtual std::optional<int64_t> prompt_tokens(const Request& request) const {
    static_cast<void>(request);
    return std::nullopt;
  }
};

}  // namespace bantam
