// SPDX-License-Identifier: MIT
// What one timeline has in memory: keys and values with a hard budget in
// tokens, and the states of recurrent layers. All of it is set aside when the
// cache is made; nothing grows later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "memory/model_shape.h"
#include "nn/attention.h"
#include "nn/compute.h"
#include "nn/gated_delta.h"

namespace bantam {

/// Tokens at the start of the timeline that are never dropped: models put
/// excess attention on them ("attention sinks", Xiao et al. 2023), and
/// without them a full cache degrades at once. Layers whose own window is
/// narrower than the budget have none: they were trained to lose them.
inline constexpr int64_t kSinkTokens = 4;

/// The smallest budget that keeps the sinks and one token more.
inline constexpr int64_t kMinBudgetTokens = kSinkTokens + 1;

/// A copy of what a cache held at some position. Good for caches of the same
/// model, budget, bits and path.
struct CacheSnapshot {
  int64_t position = 0;
  bool has_keys = false;              // or states alone
  std::vector<std::byte> bytes;       // native
  std::vector<nn::mx::array> arrays;  // stock
};

class KvCache {
 public:
  /// `budget_tokens` >= kMinBudgetTokens. `kv_bits`: 16, or 8 or 4 if the
  /// shape's least_kv_bits() allows it (kernels/kv_rows.h); 16 is float32 on
  /// the stock path of a CPU. Throws insufficient_memory if the memory cannot
  /// be had.
  KvCache(
      const ModelShape& shape,
      int64_t budget_tokens,
      const nn::Compute& compute,
      int kv_bits = 16);
  ~KvCache();
  KvCache(const KvCache&) = delete;
  KvCache& operator=(const KvCache&) = delete;

  /// Of an attention layer.
  nn::KvLayer& layer(size_t index) { return layers_[index].kv; }
  /// Of a recurrent layer.
  nn::DeltaCache& delta(size_t index) {
    has_states_ = true;
    return layers_[index].delta;
  }

  /// The position of the next token: how many the timeline has seen.
  int64_t position() const { return position_; }
  void advance(int64_t tokens) { position_ += tokens; }
  /// Forgets everything; the memory stays.
  void reset();

  // The graph must be evaluated before any of save(), mark(), can_restore() and
  // restore().

  /// A snapshot whose memory is set aside at once, for any position: with
  /// keys as large as the cache, else as large as its states (stock: nothing;
  /// arrays are shared until they change). Saving into it allocates nothing.
  CacheSnapshot make_snapshot(bool with_keys) const;
  int64_t snapshot_bytes(bool with_keys) const;

  /// Copies everything; into memory of before, if there is some.
  CacheSnapshot save(CacheSnapshot into = {}) const;
  /// Copies recurrent states alone (nothing, if the model has none): enough to
  /// come back to this position while no layer has dropped a token.
  CacheSnapshot mark(CacheSnapshot into = {}) const;
  /// Can restore() take the timeline back to `snapshot`?
  bool can_restore(const CacheSnapshot& snapshot) const;
  /// Goes to the snapshot's position. Throws internal if can_restore() says
  /// no.
  void restore(const CacheSnapshot& snapshot);

  // What a later prompt may take up again (cache/timeline.h); the native path
  // alone, and likewise of an evaluated graph. "Kept" layers keep the whole
  // budget, so that a token's keys and values stay in their slot until the
  // budget is passed.

  /// Of one token in all kept layers.
  int64_t token_bytes() const;
  /// Tokens [first, first + count) of the kept layers, below the budget.
  void copy_tokens(int64_t first, int64_t count, std::byte* to) const;
  void put_tokens(int64_t first, int64_t count, const std::byte* from);
  /// Is there something else: states, or windows narrower than the budget?
  bool needs_checkpoints() const;
  /// All of that, as of a position. put_checkpoint() does not move there.
  int64_t checkpoint_bytes(int64_t position) const;
  void copy_checkpoint(std::byte* to) const;
  void put_checkpoint(int64_t position, const std::byte* from);
  /// Of everything in use at a position.
  int64_t used_bytes(int64_t position) const;
  /// Calls use(address, bytes) for each run of bytes in use at `position`, in
  /// the same order every time.
  void each_used(
      int64_t position,
      const std::function<void(std::byte*, int64_t)>& use);
  /// Goes to a position whose tokens and checkpoint are in place.
  void move_to(int64_t position) { position_ = position; }

  int64_t budget_tokens() const { return budget_tokens_; }
  bool is_native() const { return is_native_; }
  /// Tokens that no longer fit and were dropped.
  int64_t dropped_tokens() const {
    return position_ > budget_tokens_ ? position_ - budget_tokens_ : 0;
  }
  int64_t bytes() const { return static_cast<int64_t>(mapping_bytes_); }

 private:
  struct Layer {
    LayerShape shape;
    nn::KvLayer kv;        // attention
    nn::DeltaCache delta;  // recurrent

    bool is_recurrent() const { return shape.kind == LayerKind::recurrent; }
  };

  bool is_kept(const Layer& layer) const {
    return !layer.is_recurrent() && layer.kv.budget == budget_tokens_;
  }
  template <typename Use>
  void each_head_run(
      const Layer& layer,
      int64_t first,
      int64_t count,
      const Use& use) const;
  template <typename Use>
  void each_token_run(int64_t first, int64_t count, const Use& use) const;
  template <typename Use>
  void each_checkpoint_run(int64_t position, const Use& use) const;

  void make_native_layers();
  void make_stock_layers(const nn::Compute& compute);
  CacheSnapshot copy(bool with_keys, CacheSnapshot into) const;
  int64_t run_bytes(int64_t position, bool with_keys) const;
  /// Calls use(address, bytes) for each run of bytes in use at `position`.
  template <typename Use>
  void each_run(int64_t position, bool with_keys, const Use& use) const;

  int64_t row_bytes(const Layer& layer) const {
    return kernels::kv_row_bytes(layer.shape.head_dim, kv_bits_);
  }
  /// Keys and values, or the state.
  int64_t layer_bytes(const LayerShape& shape) const;

  int64_t budget_tokens_;
  int kv_bits_;
  int64_t position_ = 0;
  bool is_native_;
  bool has_states_ = false;  // that may not be zero, also before advance()
  std::vector<Layer> layers_;
  std::byte* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
};

}  // namespace bantam
