// SPDX-License-Identifier: MIT
// POST /v1/responses in its commonly used parts: texts, functions, formats,
// streams. Nothing is stored: a conversation is sent whole each time.
#pragma once

#include <memory>

#include "server/api_call.h"
#include "server/block_stream.h"
#include "server/event_stream.h"

namespace bantam {

struct ResponsesCall {
  ApiCall call;
  /// What the answer repeats of the request: instructions, tools, ...
  Json echo;
};

/// Throws ApiError.
ResponsesCall read_responses_call(const Json& body, const ServedModel& model);

Json responses_answer_json(
    const std::string& model,
    int64_t created_s,
    const Json& echo,
    const AnsweredChoice& choice);

std::unique_ptr<AnswerSink> make_responses_stream(
    const std::string& model,
    int64_t created_s,
    const Json& echo,
    EventStream& events);

}  // namespace bantam
