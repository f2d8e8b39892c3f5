// SPDX-License-Identifier: MIT
// Which tokens a KvCache holds, and how much of that the next prompt can take
// up instead of computing it.
//
// On the native path a token's keys, values and state depend on the tokens up
// to it and on nothing else: not on chunks, not on what the cache held before.
// So whatever is taken up has the bits that a cold start would compute. Three
// sources, the longest wins:
//   - the whole timeline, if the prompt continues it;
//   - the timeline's beginning, where it lies, while no token was dropped; and
//     blocks of earlier timelines out of the PrefixStore;
//   - where the model has states or narrow windows, the same up to a position
//     with a checkpoint.
// On the stock path only what lies in place is taken up, and as with chunks the
// last bits may differ from a cold start's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cache/kv_cache.h"
#include "cache/prefix_store.h"

namespace bantam {

class Timeline {
 public:
  /// Besides those the caller names, checkpoints lie at multiples of this.
  static constexpr int64_t kCheckpointTokens = 256;

  /// `cache` outlives this. `store_bytes`: the limit of a PrefixStore; used on
  /// the native path alone.
  Timeline(KvCache& cache, int64_t store_bytes);

  /// Makes the cache hold as long a beginning of `prompt` (not empty) as can be
  /// had, never its last token. Returns how many tokens that is: compute the
  /// rest. `boundaries`: positions that later prompts are likely to share.
  int64_t start(
      std::span<const int32_t> prompt,
      std::span<const int64_t> boundaries);
  /// Forgets everything, so that start() returns 0.
  void forget();

  /// Of the prompt's rest, how many of the next `most` tokens to compute at
  /// once. They count as being computed until computed() is called: if it
  /// never is, what they may have touched is not used again.
  int64_t begin_chunk(int64_t most);
  /// So many tokens of the prompt are now in the cache.
  void computed(int64_t position);
  /// The same for a token of the answer.
  void begin_token() { in_work_ = 1; }
  void computed_token(int32_t token);

  /// Under memory pressure: drops the store.
  void give_back();

  /// Are boundaries of any use?
  bool keeps_checkpoints() const;
  bool is_native() const { return cache_.is_native(); }

  /// The tokens in the cache; none if the last of them is half computed.
  std::span<const int32_t> tokens() const;
  /// The cache was filled from outside with these tokens.
  void take_over(std::vector<int32_t> tokens);

 private:
  bool is_whole() const;  // the cache stands where ids_ ends
  int64_t tokens_in_place() const;
  void save_blocks();
  void go_to(
      int64_t position,
      int64_t in_place,
      const std::vector<const std::byte*>& blocks,
      const PrefixStore::Checkpoint& checkpoint);
  void choose_boundaries(
      std::span<const int64_t> wanted,
      int64_t from,
      int64_t prompt_tokens);

  KvCache& cache_;
  std::optional<PrefixStore> store_;
  std::vector<int32_t> ids_;  // of the positions computed so far
  int64_t in_work_ = 0;       // tokens after them that may be half computed
  std::vector<int32_t> prompt_;
  std::vector<int64_t> boundaries_;  // ascending, to come
};

}  // namespace bantam
