// SPDX-License-Identifier: MIT
// Runs a call: queues it, reads the generation's events, finds tool calls in
// the text and hands everything to a sink, while it watches the client and the
// clock.
#pragma once

#include <string>

#include "server/answer_sink.h"
#include "server/api_call.h"
#include "server/exchange.h"
#include "server/generation_queue.h"
#include "server/server_stats.h"

namespace bantam {

struct AnswerLimits {
  double request_s = 3600;  // in the queue and the engine together
};

/// The client has hung up: there is nobody to answer.
struct ClientGone {};

/// Throws ApiError (the queue is full; the engine refuses), ClientGone, or what
/// the sink throws.
void run_call(
    const ApiCall& call,
    GenerationQueue& queue,
    Exchange& exchange,
    ServerStats& stats,
    const AnswerLimits& limits,
    AnswerSink& sink);

/// "chatcmpl-" and 24 random hexadecimal digits.
std::string random_id(std::string_view prefix);

/// What bantam has to say of an answer that was cut short or adjusted: a JSON
/// object, or null if there is nothing.
Json answer_note(const Result& result);

}  // namespace bantam
