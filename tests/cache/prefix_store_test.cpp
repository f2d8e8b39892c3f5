// SPDX-License-Identifier: MIT
#include "cache/prefix_store.h"

#include <gtest/gtest.h>

#include <numeric>

namespace bantam {
namespace {

constexpr int64_t kBlock = PrefixStore::kBlockTokens;

std::vector<int32_t> count_from(int32_t first, int64_t tokens) {
  std::vector<int32_t> ids(tokens);
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

PrefixStore::Fill filled_with(int value) {
  return [value](std::byte* to) { to[0] = std::byte(value); };
}

const int64_t kPage = Pages::rounded(1);

// Adds all whole blocks of `ids`; returns how many are there then.
size_t add_all(PrefixStore& store, std::span<const int32_t> ids) {
  store.touch(ids);
  for (int64_t end = kBlock; end <= static_cast<int64_t>(ids.size());
       end += kBlock) {
    if (!store.add_block(ids.first(end), filled_with(static_cast<int>(end)))) {
      break;
    }
  }
  return store.blocks(ids).size();
}

TEST(PrefixStore, FindsTheBlocksOfABeginning) {
  PrefixStore store(100 * kPage, 10, 0);
  const auto ids = count_from(0, 3 * kBlock + 5);
  EXPECT_EQ(add_all(store, ids), 3u);
  EXPECT_EQ(store.bytes(), 3 * kPage);
  auto fork = ids;
  fork[kBlock + 1] = 999;
  const auto blocks = store.blocks(fork);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0][0], std::byte(kBlock));
  EXPECT_EQ(add_all(store, fork), 3u);
  EXPECT_EQ(store.bytes(), 5 * kPage);  // the first is shared
  EXPECT_EQ(store.blocks(ids).size(), 3u);
  EXPECT_TRUE(store.blocks(count_from(1, kBlock)).empty());
}

TEST(PrefixStore, DropsWhatWasUsedLongestAgoFromItsEnd) {
  PrefixStore store(4 * kPage, 10, 0);
  const auto old = count_from(0, 2 * kBlock);
  const auto newer = count_from(1000, 2 * kBlock);
  add_all(store, old);
  add_all(store, newer);
  store.touch(old);
  EXPECT_EQ(add_all(store, count_from(2000, kBlock)), 1u);
  EXPECT_EQ(store.blocks(newer).size(), 1u);  // the second of its two went
  EXPECT_EQ(store.blocks(old).size(), 2u);
  EXPECT_EQ(store.bytes(), 4 * kPage);
}

TEST(PrefixStore, DropsNothingOfTheRequestItself) {
  PrefixStore store(3 * kPage, 10, 0);
  const auto ids = count_from(0, 5 * kBlock);
  EXPECT_EQ(add_all(store, ids), 3u);
  EXPECT_EQ(store.bytes(), 3 * kPage);
}

TEST(PrefixStore, FindsTheLastCheckpointOnTheWay) {
  PrefixStore store(10 * kPage, 10, kPage);
  const auto ids = count_from(0, 100);
  const std::span<const int32_t> all(ids);
  store.touch(ids);
  store.add_checkpoint(all.first(20), 100, filled_with(20));
  store.add_checkpoint(all.first(50), 100, filled_with(50));
  EXPECT_EQ(store.checkpoint(ids, 99).position, 50);
  EXPECT_EQ(store.checkpoint(ids, 49).position, 20);
  EXPECT_EQ(store.checkpoint(ids, 49).bytes[0], std::byte(20));
  EXPECT_EQ(store.checkpoint(ids, 19).position, 0);
  auto fork = ids;
  fork[30] = 7;
  EXPECT_EQ(store.checkpoint(fork, 99).position, 20);
  EXPECT_EQ(store.checkpoint(all.first(10), 99).position, 0);
}

TEST(PrefixStore, BlocksLeaveRoomForTwoCheckpoints) {
  PrefixStore store(5 * kPage, 10, kPage);
  const auto ids = count_from(0, 5 * kBlock);
  EXPECT_EQ(add_all(store, ids), 3u);
  const std::span<const int32_t> all(ids);
  store.add_checkpoint(all.first(10), kPage, filled_with(1));
  store.add_checkpoint(all.first(20), kPage, filled_with(2));
  EXPECT_EQ(store.bytes(), 5 * kPage);
  EXPECT_EQ(store.blocks(ids).size(), 3u);
  // A third one takes the place of the nearest.
  store.add_checkpoint(all.first(30), kPage, filled_with(3));
  EXPECT_EQ(store.checkpoint(ids, 100).position, 30);
  EXPECT_EQ(store.checkpoint(ids, 29).position, 10);
  EXPECT_EQ(store.bytes(), 5 * kPage);
}

TEST(PrefixStore, AnOlderCheckpointGoesBeforeOneInUse) {
  PrefixStore store(2 * kPage, 0, kPage);
  const auto one = count_from(0, 50);
  const auto two = count_from(1000, 50);
  store.touch(one);
  store.add_checkpoint(std::span(one).first(10), kPage, filled_with(1));
  store.touch(two);
  store.add_checkpoint(std::span(two).first(10), kPage, filled_with(2));
  store.add_checkpoint(std::span(two).first(40), kPage, filled_with(3));
  EXPECT_EQ(store.checkpoint(one, 49).position, 0);
  EXPECT_EQ(store.checkpoint(two, 49).position, 40);
  EXPECT_EQ(store.checkpoint(two, 39).position, 10);
}

TEST(PrefixStore, WhatDoesNotFitIsLeftOut) {
  PrefixStore store(kPage, 10 * kPage, 3 * kPage);
  EXPECT_FALSE(store.has_room_for_blocks());
  EXPECT_EQ(store.checkpoints_that_fit(), 0);
  const auto ids = count_from(0, kBlock);
  store.touch(ids);
  EXPECT_FALSE(store.add_block(ids, filled_with(1)));
  store.add_checkpoint(ids, 3 * kPage, filled_with(1));
  EXPECT_EQ(store.bytes(), 0);
}

TEST(PrefixStore, ClearGivesEverythingBack) {
  PrefixStore store(10 * kPage, 10, kPage);
  const auto ids = count_from(0, 2 * kBlock);
  add_all(store, ids);
  store.add_checkpoint(ids, 10, filled_with(1));
  store.clear();
  EXPECT_EQ(store.bytes(), 0);
  EXPECT_TRUE(store.blocks(ids).empty());
  EXPECT_EQ(store.checkpoint(ids, 1000).position, 0);
  EXPECT_EQ(add_all(store, ids), 2u);
}

}  // namespace
}  // namespace bantam
