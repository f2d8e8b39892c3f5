// SPDX-License-Identifier: MIT
// What an Engine is made of. engine.cpp plans, checks and loads; generation.cpp
// takes requests, answering.cpp answers them.
#pragma once

#include <mlx/mlx.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "bantam/engine.h"
#include "base/fair_mutex.h"
#include "engine/chat_prompt.h"
#include "engine/run_check.h"
#include "engine/sequences.h"
#include "generate/token_loop.h"
#include "models/registry.h"
#include "nn/expert_residency.h"
#include "nn/stream_lease.h"
#include "text/token_bytes.h"
#include "weights/checkpoint.h"

namespace bantam {

class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

struct Engine::Impl {
  explicit Impl(const EngineOptions& engine_options);
  ~Impl();

  Result generate(
      const Request& request,
      const Observer& observer,
      std::stop_token stop);
  void logits(std::span<const int32_t> ids, int64_t chunk, const LogitRow& row);

  TokenTimes time_tokens(int64_t context, int64_t tokens, std::stop_token stop);
  GraphCost count_graph();

  std::unique_ptr<Sequence> make_sequence() const;
  std::unique_ptr<RunGuard> make_guard(const MemorySample& since);
  EncodedPrompt prompt_of(const Request& request, Result& result) const;
  std::vector<int64_t> shared_ends(
      const Request& request,
      const std::vector<TokenId>& prompt,
      const Timeline& timeline) const;
  std::vector<TokenId> end_tokens_for(const Request& request) const;
  JsonConstraint* constraint_for(const Request& request, Sequence& sequence);
  void name_damage(const Error& error) const;
  void rest();
  void reserve(int64_t tokens);

  /// A request being answered.
  class Answering;

  EngineOptions options;
  Stopwatch load_clock;
  Checkpoint checkpoint;
  ModelShape shape;
  RunShape run;
  std::unique_ptr<MemorySource> source;
  std::unique_ptr<TraceWriter> recorder;  // null: nothing is recorded
  MemorySample before;                    // loading
  ClearedRun cleared;
  std::unique_ptr<Tokenizer> tokenizer;
  ChatPrompt chat_prompt;
  std::vector<TokenId> end_tokens;
  kernels::ThreadPool pool;
  nn::Workspace workspace;
  MappedPages pages;  // of the checkpoint
  nn::ExpertResidency residency;
  nn::StreamLease stream;
  // What is between here and the sequences is used in turns, each of a chunk or
  // a token.
  FairMutex turns;
  std::stop_token run_stop;  // of the request whose turn it is
  nn::Compute compute;
  std::unique_ptr<Model> model;
  // Made by the first request that asks for JSON.
  std::shared_ptr<const SortedVocabulary> sorted_vocabulary;
  Sequences sequences;
  TokenBytes token_bytes;
  ModelSummary summary;
  double load_s = 0;
};

}  // namespace bantam
