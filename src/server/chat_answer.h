// SPDX-License-Identifier: MIT
// Answers in the form of /v1/chat/completions and /v1/completions, whole and as
// a stream of chunks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "server/answer_sink.h"
#include "server/event_stream.h"

namespace bantam {

/// What every object of one answer begins with.
struct AnswerHead {
  std::string id;
  std::string object;
  int64_t created_s = 0;
  std::string model;

  Json json() const;
};

Json chat_answer_json(
    const AnswerHead& head,
    const std::vector<AnsweredChoice>& choices,
    bool logprobs);

/// `echoes`: what each choice's text begins with; may be empty.
Json completion_answer_json(
    const AnswerHead& head,
    const std::vector<AnsweredChoice>& choices,
    const std::vector<std::string>& echoes,
    bool logprobs);

/// `usage` is added up as choices end.
std::unique_ptr<AnswerSink> make_chat_stream(
    const AnswerHead& head,
    EventStream& events,
    bool include_usage,
    bool logprobs,
    Usage& usage);
std::unique_ptr<AnswerSink> make_completion_stream(
    const AnswerHead& head,
    EventStream& events,
    std::vector<std::string> echoes,
    bool include_usage,
    bool logprobs,
    Usage& usage);

/// The last chunk of a stream that asked for it.
Json usage_chunk(const AnswerHead& head, const Usage& usage);

Json usage_json(const Usage& usage);

}  // namespace bantam
