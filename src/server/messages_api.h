// SPDX-License-Identifier: MIT
// Anthropic's POST /v1/messages in its commonly used parts: texts, tools,
// thinking, streams.
#pragma once

#include <memory>

#include "server/api_call.h"
#include "server/block_stream.h"
#include "server/event_stream.h"

namespace bantam {

/// Throws ApiError. `counts_only`: for /v1/messages/count_tokens, where
/// max_tokens may be left out.
ApiCall read_messages_call(
    const Json& body,
    const ServedModel& model,
    bool counts_only = false);

Json messages_answer_json(
    const std::string& model,
    const AnsweredChoice& choice);

std::unique_ptr<AnswerSink> make_messages_stream(
    const std::string& model,
    int64_t prompt_tokens,
    EventStream& events);

}  // namespace bantam
