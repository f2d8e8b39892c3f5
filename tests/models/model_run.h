// SPDX-License-Identifier: MIT
// A loaded fixture model with everything it computes with, and its goldens.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "cache/kv_cache.h"
#include "cache/timeline.h"
#include "models/registry.h"
#include "nn/compute.h"

namespace bantam {

/// Logits of every token: [tokens][vocabulary].
using LogitRows = std::vector<std::vector<float>>;

/// Reads a float32 matrix from a .npy file, version 1.0.
LogitRows read_npy(const std::string& path);

class ModelRun {
 public:
  ModelRun(
      const std::string& path,
      nn::KernelPath path_kind,
      int threads = 1,
      int kv_bits = 16,
      nn::mx::Device device = nn::mx::Device::cpu);

  /// The logits of `ids`, read `chunk` tokens at a time from a fresh cache.
  LogitRows logits(
      std::span<const TokenId> ids,
      int64_t kv_budget,
      int64_t chunk);

  /// `count` tokens after `ids`, always the likeliest.
  std::vector<TokenId> greedy(
      std::span<const TokenId> ids,
      int64_t kv_budget,
      int64_t count);

  /// Saves a cache amid `ids`, reads on, goes back (and into another cache),
  /// and reads the rest again: the same logits? The same from a mark, where no
  /// token was dropped.
  bool resumes_with_the_same_bits(
      std::span<const TokenId> ids,
      int64_t kv_budget);

  /// Reads prompts one after the other through one cache and its timeline.
  struct PrefixRun {
    std::unique_ptr<KvCache> cache;
    std::unique_ptr<Timeline> timeline;
  };
  PrefixRun prefix_run(int64_t kv_budget, int64_t store_bytes);
  /// Logits of the tokens of `ids` that were computed: those from `cached` on.
  LogitRows read_prompt(
      PrefixRun& run,
      std::span<const TokenId> ids,
      std::span<const int64_t> boundaries,
      int64_t chunk,
      int64_t& cached);

  const ModelShape& shape() const { return model_->shape(); }

 private:
  void reserve(int64_t tokens, int64_t kv_budget);
  LogitRows feed(std::span<const TokenId> ids, int64_t chunk, KvCache& cache);

  Checkpoint checkpoint_;
  int kv_bits_;
  kernels::ThreadPool pool_;
  MappedPages pages_;
  nn::Workspace workspace_;
  nn::Compute compute_;
  std::unique_ptr<Model> model_;
};

}  // namespace bantam
