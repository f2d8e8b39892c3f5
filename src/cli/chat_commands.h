// SPDX-License-Identifier: MIT
// The commands within a conversation: lines that begin with a slash.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bantam/session.h"
#include "base/json.h"

namespace bantam {

/// Counted over a whole chat.
struct ChatTotals {
  int64_t exchanges = 0;
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t dropped_exchanges = 0;
  MemoryUse memory;  // of the last exchange
};

/// "/reset", "/save FILE"; not a message that begins with two slashes.
bool is_chat_command(std::string_view line);

/// The message that a line stands for: "//x" is "/x".
std::string chat_message(const std::string& line);

struct CommandOutput {
  std::string command;             // "/stats"
  std::vector<std::string> lines;  // for people
  Json fields = Json::object();    // for programs
};

/// Does what `line` says. Throws invalid_request for an unknown command and
/// what Session throws.
CommandOutput run_chat_command(
    const std::string& line,
    Session& session,
    const ModelSummary& model,
    const ChatTotals& totals);

}  // namespace bantam
