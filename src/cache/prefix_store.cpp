// SPDX-License-Identifier: MIT
#include "cache/prefix_store.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace bantam {

int64_t Pages::rounded(int64_t bytes) {
  static const int64_t page = ::sysconf(_SC_PAGESIZE);
  return (bytes + page - 1) / page * page;
}

Pages::Pages(int64_t bytes) : bytes_(rounded(bytes)) {
  void* mapping = bytes_ == 0 ? MAP_FAILED
                              : ::mmap(
                                    nullptr,
                                    bytes_,
                                    PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS,
                                    -1,
                                    0);
  if (mapping == MAP_FAILED) {
    bytes_ = 0;
    return;
  }
  data_ = static_cast<std::byte*>(mapping);
}

Pages::~Pages() {
  if (data_ != nullptr) {
    ::munmap(data_, bytes_);
  }
}

Pages::Pages(Pages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)) {}

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

PrefixStore::PrefixStore(
    int64_t limit_bytes,
    int64_t block_bytes,
    int64_t checkpoint_bytes)
    : limit_(limit_bytes),
      block_bytes_(Pages::rounded(block_bytes)),
      checkpoint_bytes_(Pages::rounded(checkpoint_bytes)),
      block_limit_(limit_ - kLeastCheckpoints * checkpoint_bytes_) {}

std::vector<PrefixStore::Block*> PrefixStore::path(
    std::span<const int32_t> ids) const {
  std::vector<Block*> found;
  Key key{nullptr, {}};
  for (size_t at = 0; at + kBlockTokens <= ids.size(); at += kBlockTokens) {
    const auto own = ids.subspan(at, kBlockTokens);
    key.second.assign(own.begin(), own.end());
    const auto block = blocks_.find(key);
    if (block == blocks_.end()) {
      break;
    }
    found.push_back(&block->second);
    key.first = &block->second;
  }
  return found;
}

void PrefixStore::touch(std::span<const int32_t> ids) {
  ++now_;
  for (Block* block : path(ids)) {
    block->used = now_;
  }
  for (Mark& mark : marks_) {
    if (mark.ids.size() <= ids.size() &&
        std::equal(mark.ids.begin(), mark.ids.end(), ids.begin())) {
      mark.used = now_;
    }
  }
}

std::vector<const std::byte*> PrefixStore::blocks(
    std::span<const int32_t> ids) const {
  std::vector<const std::byte*> contents;
  for (const Block* block : path(ids)) {
    contents.push_back(block->pages.data());
  }
  return contents;
}

bool PrefixStore::add_block(std::span<const int32_t> ids, const Fill& fill) {
  const std::vector<Block*> way = path(ids);
  const size_t before = ids.size() / kBlockTokens - 1;
  for (Block* block : way) {
    block->used = now_;
  }
  if (way.size() != before) {
    return way.size() > before;
  }
  while (bytes_of_blocks_ + block_bytes_ > block_limit_) {
    const auto oldest = oldest_block();
    if (oldest == blocks_.end()) {
      return false;
    }
    drop(oldest);
  }
  if (!make_room(block_bytes_)) {
    return false;
  }
  Pages pages(block_bytes_);
  if (pages.data() == nullptr) {
    return false;
  }
  fill(pages.data());
  Block* parent = way.empty() ? nullptr : way.back();
  const auto own = ids.last(kBlockTokens);
  blocks_.emplace(
      Key{parent, {own.begin(), own.end()}},
      Block{
          .parent = parent,
          .depth = static_cast<int64_t>(ids.size()),
          .used = now_,
          .pages = std::move(pages)});
  if (parent != nullptr) {
    ++parent->children;
  }
  bytes_ += block_bytes_;
  bytes_of_blocks_ += block_bytes_;
  return true;
}

PrefixStore::Checkpoint PrefixStore::checkpoint(
    std::span<const int32_t> ids,
    int64_t most) const {
  Checkpoint best{.position = 0, .bytes = nullptr};
  const auto limit = std::min<int64_t>(most, static_cast<int64_t>(ids.size()));
  for (const Mark& mark : marks_) {
    const auto position = static_cast<int64_t>(mark.ids.size());
    if (position <= limit && position > best.position &&
        std::equal(mark.ids.begin(), mark.ids.end(), ids.begin())) {
      best = {.position = position, .bytes = mark.pages.data()};
    }
  }
  return best;
}

void PrefixStore::add_checkpoint(
    std::span<const int32_t> ids,
    int64_t bytes,
    const Fill& fill) {
  for (Mark& mark : marks_) {
    if (std::ranges::equal(mark.ids, ids)) {
      mark.used = now_;
      return;
    }
  }
  const int64_t whole = Pages::rounded(bytes);
  if (whole == 0) {
    return;
  }
  // The deepest of those in use is the one that this one most nearly replaces.
  while (!make_room(whole)) {
    const auto deepest = std::ranges::max_element(
        marks_, {}, [](const Mark& mark) { return mark.ids.size(); });
    if (deepest == marks_.end()) {
      return;
    }
    drop(deepest);
  }
  Pages pages(whole);
  if (pages.data() == nullptr) {
    return;
  }
  fill(pages.data());
  marks_.push_back(
      {.ids = {ids.begin(), ids.end()},
       .used = now_,
       .pages = std::move(pages)});
  bytes_ += whole;
}

int64_t PrefixStore::checkpoints_that_fit() const {
  return checkpoint_bytes_ > 0 ? limit_ / checkpoint_bytes_ : 0;
}

void PrefixStore::clear() {
  blocks_.clear();
  marks_.clear();
  bytes_ = 0;
  bytes_of_blocks_ = 0;
}

// Drops what was used longest ago, but nothing that this request has used.
bool PrefixStore::make_room(int64_t bytes) {
  while (bytes_ + bytes > limit_) {
    const auto block = oldest_block();
    const auto mark = oldest_mark();
    if (block == blocks_.end() && mark == marks_.end()) {
      return false;
    }
    if (mark == marks_.end() ||
        (block != blocks_.end() && block->second.used < mark->used)) {
      drop(block);
    } else {
      drop(mark);
    }
  }
  return true;
}

// A block that others hang on stays.
PrefixStore::Blocks::iterator PrefixStore::oldest_block() {
  auto oldest = blocks_.end();
  for (auto it = blocks_.begin(); it != blocks_.end(); ++it) {
    const Block& block = it->second;
    if (block.children > 0 || block.used == now_) {
      continue;
    }
    if (oldest == blocks_.end() || block.used < oldest->second.used ||
        (block.used == oldest->second.used &&
         block.depth > oldest->second.depth)) {
      oldest = it;
    }
  }
  return oldest;
}

std::vector<PrefixStore::Mark>::iterator PrefixStore::oldest_mark() {
  auto oldest = marks_.end();
  for (auto it = marks_.begin(); it != marks_.end(); ++it) {
    if (it->used == now_) {
      continue;
    }
    if (oldest == marks_.end() || it->used < oldest->used ||
        (it->used == oldest->used && it->ids.size() > oldest->ids.size())) {
      oldest = it;
    }
  }
  return oldest;
}

void PrefixStore::drop(Blocks::iterator block) {
  if (block->second.parent != nullptr) {
    --block->second.parent->children;
  }
  bytes_ -= block_bytes_;
  bytes_of_blocks_ -= block_bytes_;
  blocks_.erase(block);
}

void PrefixStore::drop(std::vector<Mark>::iterator mark) {
  bytes_ -= mark->pages.bytes();
  marks_.erase(mark);
}

}  // namespace bantam
