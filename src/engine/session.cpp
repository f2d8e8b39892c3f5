// SPDX-License-Identifier: MIT
// Session: what is said, and what goes when it becomes too much.
#include "bantam/session.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "engine/engine_impl.h"

namespace bantam {

namespace {

// Below this an answer is not worth the work of reading the prompt.
constexpr int64_t kLeastAnswerTokens = 16;
// What is left behind a trim is read again, since it stands elsewhere now. So
// at least this part of the exchanges goes at once, and the next few turns read
// nothing twice.
constexpr int64_t kTrimDivisor = 4;
constexpr int64_t kSummaryTokens = 160;
constexpr const char* kSummaryPrompt =
    "Summarize our conversation so far in one short paragraph: what was asked, "
    "what was answered, and what is still open. Write the paragraph alone.";
constexpr const char* kSummaryHeading =
    "Summary of the conversation before this one: ";

const char* plural(int64_t count) {
  return count == 1 ? "" : "s";
}

// "the 2 oldest exchanges are dropped, 7 are kept: WHY"
std::string trim_text(int64_t dropped, int64_t kept, const std::string& why) {
  return fmt::format(
      "the {} oldest exchange{} dropped, {} kept: {}",
      dropped,
      dropped == 1 ? " is" : "s are",
      kept == 0       ? "none is"
          : kept == 1 ? "1 is"
                      : fmt::format("{} are", kept),
      why);
}

int64_t least_trim(int64_t exchanges) {
  return (exchanges + kTrimDivisor - 1) / kTrimDivisor;
}

std::string first_paragraph(std::string text) {
  const auto blank = [](char c) { return c == ' ' || c == '\n' || c == '\t'; };
  text.erase(text.begin(), std::ranges::find_if_not(text, blank));
  text.erase(std::min(text.find("\n\n"), text.size()));
  while (!text.empty() && blank(text.back())) {
    text.pop_back();
  }
  return text;
}

}  // namespace

Session::Session(Engine& engine, Request request, SessionOptions options)
    : engine_(engine),
      request_(std::move(request)),
      options_(std::move(options)) {
  if (options_.history_limit < 0) {
    fail(
        ErrorCode::invalid_request,
        "the limit of exchanges is {}, but must be at least 0",
        options_.history_limit);
  }
  request_.messages.clear();
  request_.prompt.clear();
}

Request Session::request_for(const std::string& message) const {
  Request request = request_;
  std::string system = options_.system_prompt;
  if (!summary_.empty()) {
    system += (system.empty() ? "" : "\n\n") + (kSummaryHeading + summary_);
  }
  if (!system.empty()) {
    request.messages.push_back({"system", system});
  }
  for (const Exchange& exchange : exchanges_) {
    request.messages.push_back({"user", exchange.user});
    request.messages.push_back({"assistant", exchange.assistant});
  }
  request.messages.push_back({"user", message});
  return request;
}

// Not Engine::prompt_tokens(), which refuses what is beyond the context: here
// something may yet go.
int64_t Session::prompt_tokens(const std::string& message) const {
  std::vector<std::string> notes;
  return static_cast<int64_t>(
      engine_.impl_->chat_prompt.encode(request_for(message), notes)
          .ids.size());
}

// Tokens that the answer may have if the message stands alone.
int64_t Session::answer_room(const std::string& message, Reply& reply) const {
  Session alone(engine_, request_, {.system_prompt = options_.system_prompt});
  alone.summary_ = summary_;
  const int64_t needed = alone.prompt_tokens(message);
  const int64_t budget = engine_.kv_budget_tokens();
  const int64_t least = std::min(kLeastAnswerTokens, request_.max_tokens);
  if (needed + least > budget) {
    fail(
        ErrorCode::invalid_request,
        "the message takes {} tokens with the system prompt and the answer at "
        "least {}, but the conversation's budget is {}; shorten the message, "
        "or start with a larger --max-kv-size",
        needed,
        least,
        budget);
  }
  const int64_t room = std::min(request_.max_tokens, budget - needed);
  if (room < request_.max_tokens) {
    reply.result.notes.push_back(
        fmt::format(
            "the answer may have {} token{} at most: the message takes {} of "
            "the {} that the conversation has",
            room,
            plural(room),
            needed,
            budget));
  }
  return room;
}

void Session::tell(HistoryEvent event, Reply& reply) const {
  event.kept_exchanges = static_cast<int64_t>(exchanges_.size());
  if (options_.announce) {
    options_.announce(event);
  }
  reply.events.push_back(std::move(event));
}

void Session::start_over(
    const std::string& why,
    const std::stop_token& stop,
    Reply& reply) {
  HistoryEvent event{
      .rule = options_.rule,
      .dropped_exchanges = static_cast<int64_t>(exchanges_.size())};
  const bool summarizes = options_.rule == HistoryRule::summarize;
  if (summarizes) {
    summary_ = summarize(stop);
  }
  exchanges_.clear();
  event.text = fmt::format(
      "the conversation starts over, {} exchange{} dropped: {}{}",
      event.dropped_exchanges,
      event.dropped_exchanges == 1 ? " is" : "s are",
      why,
      !summarizes            ? ""
          : summary_.empty() ? "; there is no summary, since it was stopped"
                             : "; kept is this summary: " + summary_);
  tell(std::move(event), reply);
}

std::string Session::summarize(const std::stop_token& stop) {
  Session copy(engine_, request_, {.system_prompt = options_.system_prompt});
  copy.summary_ = summary_;
  copy.exchanges_ = exchanges_;
  const int64_t budget = engine_.kv_budget_tokens();
  const int64_t room = std::min(kSummaryTokens, budget / 4);
  while (!copy.exchanges_.empty() &&
         copy.prompt_tokens(kSummaryPrompt) + room > budget) {
    copy.exchanges_.erase(copy.exchanges_.begin());
  }
  if (copy.exchanges_.empty()) {
    return {};
  }
  Request request = copy.request_for(kSummaryPrompt);
  request.max_tokens = room;
  request.thinking = false;
  const Result result = engine_.generate(request, {}, stop);
  const bool ended = result.finish_reason == FinishReason::stop ||
      result.finish_reason == FinishReason::length;
  return ended ? first_paragraph(result.text) : "";
}

int64_t Session::drop_oldest(int64_t count) {
  exchanges_.erase(exchanges_.begin(), exchanges_.begin() + count);
  return count;
}

// Before the work: as many exchanges go as the message and its answer need.
void Session::make_room(
    const std::string& message,
    int64_t answer_tokens,
    const std::stop_token& stop,
    Reply& reply) {
  const int64_t budget = engine_.kv_budget_tokens();
  const int64_t needed = prompt_tokens(message) + answer_tokens;
  if (exchanges_.empty() || needed <= budget) {
    return;
  }
  const std::string why = fmt::format(
      "with this message and an answer of {} the conversation would take {} of "
      "{} tokens",
      answer_tokens,
      needed,
      budget);
  if (options_.rule != HistoryRule::trim) {
    start_over(why, stop, reply);
    return;
  }
  HistoryEvent event{.rule = HistoryRule::trim};
  event.dropped_exchanges =
      drop_oldest(least_trim(static_cast<int64_t>(exchanges_.size())));
  while (!exchanges_.empty() &&
         prompt_tokens(message) + answer_tokens > budget) {
    event.dropped_exchanges += drop_oldest(1);
  }
  event.text = trim_text(
      event.dropped_exchanges, static_cast<int64_t>(exchanges_.size()), why);
  tell(std::move(event), reply);
}

// After the answer, so that a person knows before the next question.
void Session::keep_limit(const std::stop_token& stop, Reply& reply) {
  const auto count = static_cast<int64_t>(exchanges_.size());
  if (count <= options_.history_limit) {
    return;
  }
  if (options_.history_limit == 0) {
    exchanges_.clear();  // as the user asked for from the start
    return;
  }
  const std::string why = fmt::format(
      "the limit is {} exchange{}",
      options_.history_limit,
      plural(options_.history_limit));
  if (options_.rule != HistoryRule::trim) {
    start_over(why, stop, reply);
    return;
  }
  const int64_t dropped =
      drop_oldest(std::max(count - options_.history_limit, least_trim(count)));
  tell(
      {.rule = HistoryRule::trim,
       .dropped_exchanges = dropped,
       .text = trim_text(dropped, count - dropped, why)},
      reply);
}

Reply Session::say(
    const std::string& message,
    const Observer& observer,
    std::stop_token stop) {
  if (message.empty()) {
    fail(ErrorCode::invalid_request, "the message is empty");
  }
  if (const size_t valid = valid_utf8_prefix(message);
      valid != message.size()) {
    fail(
        ErrorCode::invalid_request,
        "the message is not valid UTF-8: byte 0x{:02X} at offset {}",
        static_cast<unsigned char>(message[valid]),
        valid);
  }
  Reply reply;
  const int64_t room = answer_room(message, reply);
  make_room(message, room, stop, reply);
  // A summary that was just made takes room too.
  const int64_t budget = engine_.kv_budget_tokens();
  if (!summary_.empty() && prompt_tokens(message) + room > budget) {
    summary_.clear();
  }
  reply.request = request_for(message);
  reply.request.max_tokens =
      std::min(request_.max_tokens, budget - prompt_tokens(message));
  std::vector<std::string> notes = std::move(reply.result.notes);
  reply.result = engine_.generate(reply.request, observer, stop);
  reply.result.notes.insert(
      reply.result.notes.begin(), notes.begin(), notes.end());
  context_tokens_ =
      reply.result.prompt_tokens + reply.result.completion_tokens();
  const bool ended = reply.result.finish_reason == FinishReason::stop ||
      reply.result.finish_reason == FinishReason::length;
  if (ended || !reply.result.text.empty()) {
    exchanges_.push_back({message, reply.result.text});
    keep_limit(stop, reply);
  }
  return reply;
}

void Session::reset() {
  exchanges_.clear();
  summary_.clear();
  context_tokens_ = 0;
}

void Session::set_system_prompt(std::string text) {
  options_.system_prompt = std::move(text);
}

SessionUse Session::use() const {
  return {
      .context_tokens = context_tokens_,
      .budget_tokens = engine_.kv_budget_tokens(),
      .exchanges = static_cast<int64_t>(exchanges_.size()),
      .history_limit = options_.history_limit};
}

}  // namespace bantam
