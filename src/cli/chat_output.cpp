// SPDX-License-Identifier: MIT
#include "cli/chat_output.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/size.h"
#include "cli/result_report.h"

namespace bantam {

namespace {

const char* rule_name(HistoryRule rule) {
  switch (rule) {
    case HistoryRule::trim:
      return "trim";
    case HistoryRule::reset:
      return "reset";
    case HistoryRule::summarize:
      return "summarize";
  }
  return "";
}

std::string coloured(const std::string& level) {
  const char* colour = level == "green" ? "32"
      : level == "yellow"               ? "33"
      : level == "red"                  ? "31"
                                        : "2";
  return fmt::format("\x1b[0;{}m{}\x1b[0;2m", colour, level);
}

}  // namespace

std::string meter_line(
    const Result& result,
    const SessionUse& use,
    bool colours) {
  const std::string level = result.memory.pressure.empty()
      ? result.memory.pressure_max
      : result.memory.pressure.back().level;
  const int64_t decoded = std::max<int64_t>(0, result.completion_tokens() - 1);
  const double speed = result.timing.decode_s > 0
      ? static_cast<double>(decoded) / result.timing.decode_s
      : 0;
  const std::string exchanges = use.history_limit == 0
      ? std::string("single messages")
      : fmt::format("exchanges {} of {}", use.exchanges, use.history_limit);
  const std::string line = fmt::format(
      "context {} of {} | {} | memory {} of {} planned | {} | {:.1f} tok/s",
      use.context_tokens,
      use.budget_tokens,
      exchanges,
      format_size(result.memory.peak_bytes),
      format_size(result.memory.planned_bytes),
      colours ? coloured(level) : level,
      speed);
  return colours ? "\x1b[2m" + line + "\x1b[0m" : line;
}

Json use_json(const SessionUse& use) {
  return {
      {"exchanges", use.exchanges},
      {"history_limit", use.history_limit},
      {"context_tokens", use.context_tokens},
      {"budget_tokens", use.budget_tokens}};
}

Json exchange_json(
    const Reply& reply,
    const SessionUse& use,
    const ModelSummary& model,
    const Json& applied) {
  Json json = result_json(reply.result, model, applied);
  Json events = Json::array();
  for (const HistoryEvent& event : reply.events) {
    events.push_back(
        {{"rule", rule_name(event.rule)},
         {"dropped_exchanges", event.dropped_exchanges},
         {"kept_exchanges", event.kept_exchanges},
         {"text", event.text}});
  }
  json["session"] = use_json(use);
  json["session"]["events"] = events;
  return json;
}

Json error_json(const Error& error) {
  return {
      {"error",
       {{"code", error_kind(error.code()).name}, {"message", error.what()}}}};
}

}  // namespace bantam
