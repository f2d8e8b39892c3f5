// SPDX-License-Identifier: MIT
// The bodies of POST /v1/chat/completions and /v1/completions.
#pragma once

#include "server/api_call.h"

namespace bantam {

/// Throws ApiError about the field that is to blame.
ApiCall read_chat_call(const Json& body, const ServedModel& model);

struct CompletionCall {
  ApiCall call;  // one request for each prompt and choice, in that order
  bool echo = false;
  std::vector<std::string> prompts;  // as texts, for echo
};
CompletionCall read_completion_call(const Json& body, const ServedModel& model);

}  // namespace bantam
