// SPDX-License-Identifier: MIT
// A conversation inside a hard budget: it never takes more of the cache than
// the engine has, whatever is said.
//
//   bantam::Engine engine({.model = "smollm2"});
//   bantam::Session session(engine, {}, {.system_prompt = "Be brief."});
//   std::cout << session.say("What is gravity?").result.text << "\n";
//   std::cout << session.say("And who found it?").result.text << "\n";
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "bantam/backend.h"
#include "bantam/engine.h"

namespace bantam {

class SealedFile;
struct SessionRecord;

/// What happens when a conversation reaches its limit of exchanges, or the next
/// message would pass its budget of tokens. The system prompt always stays.
enum class HistoryRule {
  trim,       // the oldest exchanges go, whole, a quarter of them at least
  reset,      // all exchanges go
  summarize,  // all go; a paragraph by the model about them stays
};

/// A question and its answer.
struct Exchange {
  std::string user;
  std::string assistant;
};

/// Told whenever a rule was applied.
struct HistoryEvent {
  HistoryRule rule = HistoryRule::trim;
  int64_t dropped_exchanges = 0;
  int64_t kept_exchanges = 0;
  std::string text;  // the sentence to show
};

struct SessionOptions {
  std::string system_prompt;
  /// Exchanges kept for the next one; 0: every message stands alone.
  int64_t history_limit = 10;
  HistoryRule rule = HistoryRule::trim;
  /// Called at once, in say(); may be empty.
  std::function<void(const HistoryEvent&)> announce;
};

struct Reply {
  Result result;
  /// Everything that the answer depends on: a fresh engine gives the same one.
  Request request;
  std::vector<HistoryEvent> events;
};

/// How full a session is.
struct SessionUse {
  int64_t context_tokens = 0;  // of the last prompt and its answer
  int64_t budget_tokens = 0;
  int64_t exchanges = 0;
  int64_t history_limit = 0;
};

/// Used by one thread at a time, as its engine, which outlives it. Sessions
/// may share an engine.
class Session {
 public:
  /// `request`: how to answer; its messages and prompt are not used.
  Session(Engine& engine, Request request, SessionOptions options);

  /// Answers `message` in the light of what was said before. An answer that
  /// was stopped is kept as far as it came. Throws invalid_request, before
  /// any work, if the message and the system prompt alone pass the budget.
  Reply say(
      const std::string& message,
      const Observer& observer = {},
      std::stop_token stop = {});

  /// Starts over; the system prompt stays.
  void reset();
  /// Another system prompt, from the next message on.
  void set_system_prompt(std::string text);
  void set_thinking(bool on) { request_.thinking = on; }

  /// Writes the conversation, with the engine's cache if it is this
  /// conversation's. Hashes the model's files, which takes seconds for a large
  /// one the first time. Throws invalid_request.
  void save(const std::string& path);
  /// Takes a saved conversation up. Returns what the user should know of, one
  /// sentence each: a cache in it that is damaged or older than this program
  /// is left out and computed again, a file that is damaged itself is ignored.
  /// Throws not_found, or invalid_request for a file of another model or other
  /// settings; the session is then as before.
  std::vector<std::string> load(const std::string& path);

  SessionUse use() const;
  const std::vector<Exchange>& exchanges() const { return exchanges_; }
  const std::string& system_prompt() const { return options_.system_prompt; }
  /// What is left of a conversation that the rule `summarize` closed.
  const std::string& summary() const { return summary_; }
  bool thinking() const { return request_.thinking; }

 private:
  Request request_for(const std::string& message) const;
  int64_t prompt_tokens(const std::string& message) const;
  int64_t answer_room(const std::string& message, Reply& reply) const;
  void make_room(
      const std::string& message,
      int64_t answer_tokens,
      const std::stop_token& stop,
      Reply& reply);
  int64_t drop_oldest(int64_t count);
  void keep_limit(const std::stop_token& stop, Reply& reply);
  void start_over(
      const std::string& why,
      const std::stop_token& stop,
      Reply& reply);
  std::string summarize(const std::stop_token& stop);
  void tell(HistoryEvent event, Reply& reply) const;
  std::vector<int32_t> reusable_ids();
  std::string load_cache(SealedFile& file, const SessionRecord& record);

  Engine& engine_;
  Request request_;
  SessionOptions options_;
  std::string summary_;
  std::vector<Exchange> exchanges_;
  int64_t context_tokens_ = 0;
};

}  // namespace bantam
