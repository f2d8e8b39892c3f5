// SPDX-License-Identifier: MIT
// What a conversation shows besides the answers: the meter, and exchanges as
// JSON.
#pragma once

#include <string>

#include "bantam/session.h"
#include "base/json.h"

namespace bantam {

/// "context 312 of 1024 | exchanges 3 of 10 | memory ... of ... planned |
/// green | 141.0 tok/s", the level in its colour if `colours`.
std::string meter_line(
    const Result& result,
    const SessionUse& use,
    bool colours);

/// The object of `run --json` with "session" added.
Json exchange_json(
    const Reply& reply,
    const SessionUse& use,
    const ModelSummary& model,
    const Json& applied);

/// {"exchanges", "history_limit", "context_tokens", "budget_tokens"}
Json use_json(const SessionUse& use);

/// {"error": {"code", "message"}}
Json error_json(const Error& error);

}  // namespace bantam
