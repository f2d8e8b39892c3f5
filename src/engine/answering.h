// SPDX-License-Identifier: MIT
// A request that has its sequence and is being answered. What all requests
// share it uses in turns of one chunk of the prompt or one token, so that
// several go on at the same pace; its tokens are those it would have alone.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <stop_token>
#include <vector>

#include "engine/engine_impl.h"

namespace bantam {

class Engine::Impl::Answering {
 public:
  /// Begins to watch the machine, unless that has begun with the loading, and
  /// returns when it is this request's turn.
  Answering(
      Impl& engine,
      Sequence& sequence,
      const Observer& observer,
      std::stop_token stop);
  /// After a failure: leaves nothing behind that still computes.
  ~Answering();
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  /// Reads the tokens of `prompt` that result.cached_tokens leaves. False if
  /// stopped: result.finish_reason says by whom. The turn is passed on, unless
  /// the loop runs ahead.
  bool prefill(
      std::span<const TokenId> prompt,
      TokenLoop& loop,
      Result& result);
  /// `clock` began with the request; `constraint` may be null.
  void decode(
      const Request& request,
      const EncodedPrompt& prompt,
      int64_t max_tokens,
      const std::vector<TokenId>& ends,
      JsonConstraint* constraint,
      const Stopwatch& clock,
      TokenLoop& loop,
      Result& result);
  /// The guard's fields, and the plan beside the peak.
  void finish(Result& result);

  RunGuard& guard() { return *sequence_.guard; }

 private:
  void take_turn();
  void pass_turn();
  int64_t chunk_tokens() const;
  void advance(TokenId token, TokenLoop& loop);
  bool must_end(Result& result);
  void give_back_if_asked();
  void compare_with_plan(Result& result) const;
  ExpertUse expert_use() const;

  Impl& engine_;
  Sequence& sequence_;
  const Observer& observer_;
  std::stop_token stop_;
  std::stop_source either_;  // asked by the user or the guard
  std::unique_lock<FairMutex> turn_;
  nn::ExpertTraffic traffic_before_;
  bool finished_ = false;
};

}  // namespace bantam
