// SPDX-License-Identifier: MIT
#include "cache/kv_cache.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"

namespace bantam {
namespace {

ModelShape two_layers() {
  ModelShape shape;
  shape.layers = {
      {.kv_heads = 2, .head_dim = 8}, {.kv_heads = 2, .head_dim = 8}};
  return shape;
}

nn::Compute native() {
  return {
      .stream = nn::mx::new_thread_unsafe_stream(nn::mx::Device::cpu),
      .path = nn::KernelPath::native};
}

TEST(KvCache, LayersDoNotOverlapAndFillTheirMemory) {
  KvCache cache(two_layers(), 10, native());
  EXPECT_EQ(cache.bytes(), 10 * 2 * (2 * 2 * 8 * 2));
  std::set<std::byte*> starts;
  for (size_t i = 0; i < 2; ++i) {
    const kernels::KvSlots& slots = cache.layer(i).slots;
    EXPECT_EQ(slots.budget, 10);
    EXPECT_EQ(slots.values - slots.keys, 10 * 2 * 8 * 2);
    starts.insert(slots.keys);
    starts.insert(slots.values);
    std::fill_n(slots.keys, 10 * 2 * 8 * 2, std::byte{1});
    std::fill_n(slots.values, 10 * 2 * 8 * 2, std::byte{2});
  }
  EXPECT_EQ(starts.size(), 4u);
}

TEST(KvCache, CountsWhatIsDropped) {
  KvCache cache(two_layers(), 10, native());
  cache.advance(10);
  EXPECT_EQ(cache.dropped_tokens(), 0);
  cache.advance(3);
  EXPECT_EQ(cache.position(), 13);
  EXPECT_EQ(cache.dropped_tokens(), 3);
  cache.reset();
  EXPECT_EQ(cache.position(), 0);
  EXPECT_EQ(cache.dropped_tokens(), 0);
}

TEST(KvCache, SlotsKeepTheSinksAndGoRoundTheRest) {
  std::vector<int64_t> slots;
  for (int64_t p = 0; p < 16; ++p) {
    slots.push_back(nn::slot_of(p, 8, kSinkTokens));
  }
  EXPECT_EQ(
      slots,
      (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7}));
}

// One layer of each kind.
ModelShape three_kinds() {
  ModelShape shape;
  shape.layers = {
      {.kv_heads = 2, .head_dim = 8},
      {.kind = LayerKind::sliding_attention,
       .kv_heads = 1,
       .head_dim = 4,
       .window_tokens = 6},
      {.kind = LayerKind::recurrent, .state_bytes = 80, .conv_bytes = 16}};
  return shape;
}

TEST(KvCache, EachKindOfLayerTakesItsShare) {
  const ModelShape shape = three_kinds();
  KvCache cache(shape, 10, native());
  EXPECT_EQ(cache.bytes(), 10 * 2 * 2 * 8 * 2 + 6 * 2 * 1 * 4 * 2 + 80);
  EXPECT_EQ(cache.bytes(), shape.kv_bytes(10) + shape.state_bytes());
  EXPECT_EQ(cache.layer(0).sinks, kSinkTokens);
  EXPECT_EQ(cache.layer(1).slots.budget, 6);
  EXPECT_EQ(cache.layer(1).slots.sinks, 0);
  const kernels::DeltaState& state = cache.delta(2).state;
  EXPECT_EQ(state.conv - state.recurrent, 16);
  // A window wider than the budget is no window.
  KvCache narrow(shape, 5, native());
  EXPECT_EQ(narrow.layer(1).slots.budget, 5);
  EXPECT_EQ(narrow.layer(1).slots.sinks, kSinkTokens);
}

TEST(KvCache, ResetClearsStates) {
  KvCache cache(three_kinds(), 10, native());
  const kernels::DeltaState& state = cache.delta(2).state;
  state.recurrent[15] = 1;
  state.conv[3] = 2;
  cache.advance(1);
  cache.reset();
  EXPECT_EQ(state.recurrent[15], 0);
  EXPECT_EQ(state.conv[3], 0);
}

TEST(KvCache, AMarkIsGoodUntilATokenIsDropped) {
  KvCache cache(three_kinds(), 10, native());
  cache.delta(2).state.recurrent[0] = 7;
  cache.advance(3);
  const CacheSnapshot mark = cache.mark();
  cache.delta(2).state.recurrent[0] = 8;
  cache.advance(3);  // the window is full, but nothing was dropped
  ASSERT_TRUE(cache.can_restore(mark));
  cache.restore(mark);
  EXPECT_EQ(cache.position(), 3);
  EXPECT_EQ(cache.delta(2).state.recurrent[0], 7);
  const CacheSnapshot saved = cache.save();
  cache.advance(4);
  EXPECT_FALSE(cache.can_restore(mark));
  EXPECT_THROW(cache.restore(mark), Error);
  EXPECT_TRUE(cache.can_restore(saved));
}

TEST(KvCache, ASnapshotsMemoryIsSetAsideAtOnce) {
  KvCache cache(three_kinds(), 10, native());
  for (const bool with_keys : {true, false}) {
    CacheSnapshot snapshot = cache.make_snapshot(with_keys);
    EXPECT_EQ(
        static_cast<int64_t>(snapshot.bytes.size()),
        cache.snapshot_bytes(with_keys));
    const std::byte* memory = snapshot.bytes.data();
    for (const int64_t tokens : {3, 0, 9, 40}) {  // up to far beyond full
      cache.advance(tokens);
      cache.delta(2).state.recurrent[0] = static_cast<float>(tokens);
      snapshot = with_keys ? cache.save(std::move(snapshot))
                           : cache.mark(std::move(snapshot));
      EXPECT_EQ(snapshot.bytes.data(), memory);
      EXPECT_EQ(snapshot.position, cache.position());
      EXPECT_LE(
          static_cast<int64_t>(snapshot.bytes.size()),
          cache.snapshot_bytes(with_keys));
      cache.delta(2).state.recurrent[0] = -1;
      cache.restore(snapshot);
      EXPECT_EQ(cache.delta(2).state.recurrent[0], static_cast<float>(tokens));
    }
    cache.reset();
  }
  EXPECT_GT(cache.snapshot_bytes(true), cache.snapshot_bytes(false));
}

// Heads of 64, a window and a state.
ModelShape packable() {
  ModelShape shape;
  shape.layers = {
      {.kv_heads = 2, .head_dim = 64},
      {.kind = LayerKind::sliding_attention,
       .kv_heads = 1,
       .head_dim = 32,
       .window_tokens = 6},
      {.kind = LayerKind::recurrent, .state_bytes = 80, .conv_bytes = 16}};
  return shape;
}

TEST(KvCache, PackedRowsTakeTheirShareAndComeBack) {
  const ModelShape shape = packable();
  EXPECT_EQ(shape.least_kv_bits(), 4);
  for (const int bits : {8, 4}) {
    KvCache cache(shape, 10, native(), bits);
    // Per value so many bits, and a scale and an offset of 16 for 32 of them.
    const int64_t head = 2 * (4 + 4 * bits);
    EXPECT_EQ(cache.bytes(), 2 * (10 * 2 * head + 6 * head / 2) + 80);
    EXPECT_EQ(cache.bytes(), shape.kv_bytes(10, bits) + shape.state_bytes());
    const kernels::KvSlots& slots = cache.layer(0).slots;
    EXPECT_EQ(slots.bits, bits);
    EXPECT_EQ(slots.values - slots.keys, 10 * 2 * head);
    EXPECT_EQ(cache.layer(1).slots.budget, 6);
    // Slot 2 of the second head is in use, slot 3 is not.
    std::byte* used = slots.keys + (10 + 2) * head;
    std::byte* window = cache.layer(1).slots.values + 2 * head / 2;
    used[head - 1] = std::byte{7};
    window[0] = std::byte{9};
    cache.advance(3);
    const CacheSnapshot saved = cache.save();
    used[head - 1] = window[0] = used[head] = std::byte{1};
    cache.advance(1);
    cache.restore(saved);
    EXPECT_EQ(cache.position(), 3);
    EXPECT_EQ(used[head - 1], std::byte{7});
    EXPECT_EQ(window[0], std::byte{9});
    EXPECT_EQ(used[head], std::byte{1});
    KvCache other(shape, 10, native(), bits);
    other.restore(saved);
    EXPECT_EQ(other.layer(0).slots.keys[(10 + 3) * head - 1], std::byte{7});
  }
}

TEST(KvCache, RefusesHeadsThatDoNotDivideIntoGroups) {
  EXPECT_EQ(two_layers().least_kv_bits(), 16);
  EXPECT_THROW(KvCache(two_layers(), 10, native(), 8), Error);
}

TEST(KvCache, AnImpossibleBudgetIsAnError) {
  EXPECT_THROW(KvCache(two_layers(), INT64_MAX / 2, native()), Error);
  EXPECT_THROW(KvCache(two_layers(), int64_t{1} << 46, native()), Error);
}

}  // namespace
}  // namespace bantam
