// SPDX-License-Identifier: MIT
// What an answer is made of, in the order it comes; each dialect writes it in
// its own words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bantam/request.h"

namespace bantam {

class AnswerSink {
 public:
  virtual ~AnswerSink() = default;

  virtual void begin(size_t choice) = 0;
  virtual void reasoning(size_t choice, std::string_view text) = 0;
  virtual void text(size_t choice, std::string_view text) = 0;
  /// Of the tokens of what comes next.
  virtual void logprobs(
      size_t choice,
      const std::vector<TokenChoice>& tokens) = 0;
  virtual void begin_call(
      size_t choice,
      const std::string& id,
      std::string_view name) = 0;
  virtual void call_arguments(size_t choice, std::string_view json) = 0;
  virtual void end_call(size_t choice) = 0;
  /// The call that was begun is none; its text follows.
  virtual void cancel_call(size_t choice) = 0;
  /// `reason`: "stop", "length", "tool_calls" or "malformed_tool_call".
  virtual void end(
      size_t choice,
      const std::string& reason,
      const Result& result) = 0;
  /// Nothing has come for a while.
  virtual void wait() {}
};

struct AnsweredCall {
  std::string id;
  std::string name;
  std::string arguments;
};

/// One choice, complete.
struct AnsweredChoice {
  std::string text;
  std::string reasoning;
  std::vector<AnsweredCall> calls;
  std::vector<TokenChoice> logprobs;
  std::string reason;
  Result result;
};

/// Keeps everything, for an answer that is not streamed.
class AnswerCollector final : public AnswerSink {
 public:
  explicit AnswerCollector(size_t choices) : choices_(choices) {}

  void begin(size_t) override {}
  void reasoning(size_t choice, std::string_view text) override {
    choices_[choice].reasoning += text;
  }
  void text(size_t choice, std::string_view text) override {
    choices_[choice].text += text;
  }
  void logprobs(size_t choice, const std::vector<TokenChoice>& tokens)
      override {
    auto& all = choices_[choice].logprobs;
    all.insert(all.end(), tokens.begin(), tokens.end());
  }
  void begin_call(size_t choice, const std::string& id, std::string_view name)
      override {
    choices_[choice].calls.push_back({id, std::string(name), ""});
  }
  void call_arguments(size_t choice, std::string_view json) override {
    choices_[choice].calls.back().arguments += json;
  }
  void end_call(size_t) override {}
  void cancel_call(size_t choice) override {
    choices_[choice].calls.pop_back();
  }
  void end(size_t choice, const std::string& reason, const Result& result)
      override {
    choices_[choice].reason = reason;
    choices_[choice].result = result;
  }

  const std::vector<AnsweredChoice>& choices() const { return choices_; }

 private:
  std::vector<AnsweredChoice> choices_;
};

struct Usage {
  int64_t prompt_tokens = 0;
  int64_t cached_tokens = 0;
  int64_t completion_tokens = 0;
  int64_t reasoning_tokens = 0;

  /// The prompt of several choices counts once, as the first one found it.
  void add(const Result& result) {
    if (completion_tokens == 0) {
      cached_tokens = result.cached_tokens;
    }
    prompt_tokens = result.prompt_tokens;
    completion_tokens += result.completion_tokens();
    reasoning_tokens += result.reasoning_tokens;
  }
};

}  // namespace bantam
