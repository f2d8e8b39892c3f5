// SPDX-License-Identifier: MIT
// What each of the requests that are answered at the same time has of its own.
// The model, its workspace and its threads are everybody's, for the length of
// one chunk or token.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "cache/kv_cache.h"
#include "cache/timeline.h"
#include "machine/memory_sample.h"
#include "memory/run_guard.h"
#include "text/json_constraint.h"

namespace bantam {

struct Sequence {
  /// `store_bytes`: for beginnings of earlier prompts.
  Sequence(
      const ModelShape& shape,
      int64_t budget_tokens,
      const nn::Compute& compute,
      int kv_bits,
      int64_t store_bytes)
      : cache(shape, budget_tokens, compute, kv_bits),
        timeline(cache, store_bytes) {}

  KvCache cache;
  Timeline timeline;
  // Of the request that is answered.
  bool in_use = false;
  MemorySample before;
  std::unique_ptr<RunGuard> guard;
  // Made by requests that ask for JSON.
  std::list<std::pair<std::string, JsonConstraint>> constraints;
};

}  // namespace bantam
