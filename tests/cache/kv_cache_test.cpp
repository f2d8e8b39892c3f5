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
  std::set<uint16_t*> starts;
  for (size_t i = 0; i < 2; ++i) {
    const kernels::KvSlots& slots = cache.layer(i).slots;
    EXPECT_EQ(slots.budget, 10);
    EXPECT_EQ(slots.values - slots.keys, 10 * 2 * 8);
    starts.insert(slots.keys);
    starts.insert(slots.values);
    std::fill_n(slots.keys, 10 * 2 * 8, uint16_t{1});
    std::fill_n(slots.values, 10 * 2 * 8, uint16_t{2});
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

TEST(KvCache, AnImpossibleBudgetIsAnError) {
  EXPECT_THROW(KvCache(two_layers(), INT64_MAX / 2, native()), Error);
  EXPECT_THROW(KvCache(two_layers(), int64_t{1} << 46, native()), Error);
}

}  // namespace
}  // namespace bantam
