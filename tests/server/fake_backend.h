// SPDX-License-Identifier: MIT
// A backend that says what a test tells it to, token by token.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bantam/backend.h"
#include "bantam/error.h"

namespace bantam {

class FakeBackend : public Backend {
 public:
  /// The tokens of the answer to a request; empty: "Hello", " ", "world".
  std::function<std::vector<std::string>(const Request&)> script;
  std::chrono::milliseconds token_time{0};
  std::atomic<bool> held = false;  // no token comes while it is
  FinishReason reason = FinishReason::stop;
  std::string stop_reason;  // of the guard
  std::string failure;      // throws invalid_request with this text
  std::atomic<int64_t> prompt_length = 7;
  int64_t at_once = 1;  // calls

  int64_t parallel() const override { return at_once; }

  Result generate(
      const Request& request,
      const Observer& observer,
      std::stop_token stop) override {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    struct Leave {
      std::atomic<int64_t>& count;
      ~Leave() { --count; }
    } leave{running_};
    if (++running_ > at_once) {
      throw Error(ErrorCode::internal, "too many calls at once");
    }
    if (!failure.empty()) {
      throw Error(ErrorCode::invalid_request, failure);
    }
    Result result;
    result.prompt_tokens = prompt_length;
    result.finish_reason = reason;
    result.memory.stop_reason = stop_reason;
    const std::vector<std::string> tokens = script
        ? script(request)
        : std::vector<std::string>{"Hello", " ", "world"};
    while (held && !stop.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    for (const std::string& token : tokens) {
      std::this_thread::sleep_for(token_time);
      if (stop.stop_requested()) {
        result.finish_reason = FinishReason::cancelled;
        break;
      }
      if (result.completion_tokens() == request.max_tokens) {
        result.finish_reason = FinishReason::length;
        break;
      }
      const auto id = static_cast<int32_t>(result.token_ids.size());
      result.token_ids.push_back(id);
      if (request.top_logprobs) {
        TokenChoice choice{{id, token, -0.25}, {}};
        for (int64_t i = 0; i < *request.top_logprobs; ++i) {
          choice.top.push_back(
              {static_cast<int32_t>(i), "t" + std::to_string(i), -0.25 - i});
        }
        result.logprobs.push_back(choice);
        if (observer.token) {
          observer.token(choice);
        }
      }
      result.text += token;
      if (observer.text) {
        observer.text(token);
      }
      ++tokens_;
    }
    ++answers_;
    return result;
  }

  std::optional<int64_t> prompt_tokens(const Request&) const override {
    return prompt_length;
  }

  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  int64_t tokens() const { return tokens_; }
  int answers() const { return answers_; }
  bool is_running() const { return running_ > 0; }
  int64_t running() const { return running_; }

 private:
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::atomic<int64_t> tokens_ = 0;
  std::atomic<int> answers_ = 0;
  std::atomic<int64_t> running_ = 0;
};

}  // namespace bantam
