// SPDX-License-Identifier: MIT
#include "cache/timeline.h"

#include <algorithm>

namespace bantam {

namespace {

constexpr int64_t kBlock = PrefixStore::kBlockTokens;

int64_t size_of(std::span<const int32_t> ids) {
  return static_cast<int64_t>(ids.size());
}

int64_t common_tokens(std::span<const int32_t> a, std::span<const int32_t> b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

}  // namespace

Timeline::Timeline(KvCache& cache, int64_t store_bytes) : cache_(cache) {
  if (store_bytes > 0 && cache.is_native()) {
    store_.emplace(
        store_bytes,
        kBlock * cache.token_bytes(),
        cache.checkpoint_bytes(cache.budget_tokens()));
  }
}

bool Timeline::keeps_checkpoints() const {
  return store_ && cache_.needs_checkpoints() &&
      store_->checkpoints_that_fit() > 0;
}

bool Timeline::is_whole() const {
  return in_work_ == 0 && cache_.position() == size_of(ids_);
}

std::span<const int32_t> Timeline::tokens() const {
  return is_whole() ? std::span(ids_) : std::span<const int32_t>();
}

void Timeline::take_over(std::vector<int32_t> tokens) {
  ids_ = std::move(tokens);
  in_work_ = 0;
}

void Timeline::forget() {
  cache_.reset();
  take_over({});
}

// Leading tokens whose keys and values still lie in the slots of their
// positions. Past the budget others take their place.
int64_t Timeline::tokens_in_place() const {
  const int64_t touched = std::max(size_of(ids_) + in_work_, cache_.position());
  return touched <= cache_.budget_tokens() ? size_of(ids_) : 0;
}

// Of what is about to be overwritten.
void Timeline::save_blocks() {
  const std::span<const int32_t> ids(ids_);
  for (int64_t end = kBlock; end <= tokens_in_place(); end += kBlock) {
    const bool kept = store_->add_block(ids.first(end), [&](std::byte* to) {
      cache_.copy_tokens(end - kBlock, kBlock, to);
    });
    if (!kept) {
      return;
    }
  }
}

int64_t Timeline::start(
    std::span<const int32_t> prompt,
    std::span<const int64_t> boundaries) {
  const int64_t most = size_of(prompt) - 1;
  const int64_t shared = common_tokens(ids_, prompt);
  const int64_t in_place = std::min(shared, tokens_in_place());
  const bool continues =
      is_whole() && shared == size_of(ids_) && shared <= most;
  std::vector<const std::byte*> blocks;
  PrefixStore::Checkpoint checkpoint{.position = 0, .bytes = nullptr};
  if (store_) {
    store_->touch(prompt);
    if (!continues && store_->has_room_for_blocks()) {
      save_blocks();
    }
    blocks = store_->blocks(prompt.first(
        std::min<int64_t>(size_of(prompt), cache_.budget_tokens())));
  }
  const int64_t reach = std::min(
      most, std::max(in_place, static_cast<int64_t>(blocks.size()) * kBlock));
  int64_t position = reach;
  if (cache_.needs_checkpoints()) {
    if (store_) {
      checkpoint = store_->checkpoint(prompt, reach);
    }
    position = checkpoint.position;
  }
  if (continues && shared >= position) {
    position = shared;
  } else {
    go_to(position, in_place, blocks, checkpoint);
  }
  prompt_.assign(prompt.begin(), prompt.end());
  ids_.assign(prompt.begin(), prompt.begin() + position);
  in_work_ = 0;
  choose_boundaries(boundaries, position, size_of(prompt));
  return position;
}

void Timeline::go_to(
    int64_t position,
    int64_t in_place,
    const std::vector<const std::byte*>& blocks,
    const PrefixStore::Checkpoint& checkpoint) {
  if (position == 0) {
    cache_.reset();
    return;
  }
  for (int64_t i = in_place / kBlock; in_place < position &&
       i * kBlock < position && i < static_cast<int64_t>(blocks.size());
       ++i) {
    cache_.put_tokens(i * kBlock, kBlock, blocks[i]);
  }
  if (checkpoint.bytes != nullptr) {
    cache_.put_checkpoint(position, checkpoint.bytes);
  }
  cache_.move_to(position);
}

// As many of the multiples as there is room for beside the wanted ones, the
// last of them: what comes before is the likelier to be had from the cache
// itself.
void Timeline::choose_boundaries(
    std::span<const int64_t> wanted,
    int64_t from,
    int64_t prompt_tokens) {
  boundaries_.clear();
  if (!keeps_checkpoints()) {
    return;
  }
  const auto add = [&](int64_t position) {
    if (position > from && position < prompt_tokens &&
        position <= cache_.budget_tokens()) {
      boundaries_.push_back(position);
    }
  };
  std::ranges::for_each(wanted, add);
  const int64_t room =
      store_->checkpoints_that_fit() - static_cast<int64_t>(wanted.size());
  const int64_t last = (prompt_tokens - 1) / kCheckpointTokens;
  for (int64_t i = std::max<int64_t>(1, last - room + 1); i <= last; ++i) {
    add(i * kCheckpointTokens);
  }
  std::ranges::sort(boundaries_);
  const auto twice = std::ranges::unique(boundaries_);
  boundaries_.erase(twice.begin(), twice.end());
}

int64_t Timeline::begin_chunk(int64_t most) {
  const int64_t at = size_of(ids_);
  int64_t count = std::min(most, size_of(prompt_) - at);
  if (!boundaries_.empty()) {
    count = std::min(count, boundaries_.front() - at);
  }
  in_work_ = count;
  return count;
}

void Timeline::computed(int64_t position) {
  ids_.insert(
      ids_.end(),
      prompt_.begin() + static_cast<std::ptrdiff_t>(ids_.size()),
      prompt_.begin() + position);
  in_work_ = 0;
  if (!boundaries_.empty() && boundaries_.front() == position) {
    boundaries_.erase(boundaries_.begin());
    store_->add_checkpoint(
        ids_, cache_.checkpoint_bytes(position), [&](std::byte* to) {
          cache_.copy_checkpoint(to);
        });
  }
}

void Timeline::computed_token(int32_t token) {
  ids_.push_back(token);
  in_work_ = 0;
}

void Timeline::give_back() {
  if (store_) {
    store_->clear();
    boundaries_.clear();
  }
}

}  // namespace bantam
