// SPDX-License-Identifier: MIT
#include "text/token_table.h"

#include <bit>
#include <cstring>

#include "base/error.h"

namespace bantam {

namespace {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;

uint64_t hash_bytes(std::string_view text) {
  uint64_t hash = text.size() * kMultiplier;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    hash = std::rotl((hash ^ word) * kMultiplier, 29);
  }
  uint64_t tail = 0;
  if (i < text.size()) {
    std::memcpy(&tail, text.data() + i, text.size() - i);
  }
  hash = (hash ^ tail) * kMultiplier;
  return hash ^ hash >> 32;
}

}  // namespace

void TokenTable::reserve(size_t tokens, size_t text_bytes) {
  arena_.reserve(text_bytes);
  places_.reserve(tokens);
  grow(std::bit_ceil(tokens + tokens / 3 + 1));
}

size_t TokenTable::slot_of(std::string_view text, uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  const auto tag = static_cast<uint32_t>(hash >> 32);
  size_t slot = hash & mask;
  while (slots_[slot].id >= 0 &&
         (slots_[slot].tag != tag || spelling(slots_[slot].id) != text)) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

void TokenTable::grow(size_t slots) {
  if (slots <= slots_.size()) {
    return;
  }
  const std::vector<Slot> old = std::move(slots_);
  slots_.assign(slots, {-1, 0});
  for (const Slot& slot : old) {
    if (slot.id >= 0) {
      const auto text = spelling(slot.id);
      slots_[slot_of(text, hash_bytes(text))] = slot;
    }
  }
}

void TokenTable::add(std::string_view text, TokenId id) {
  if (id < 0 || id >= kMaxTokens || arena_.size() + text.size() >= kNoPlace) {
    fail(ErrorCode::internal, "token {} does not fit the token table", id);
  }
  if ((count_ + 1) * 4 > slots_.size() * 3) {
    grow(slots_.empty() ? 16 : slots_.size() * 2);
  }
  const uint64_t hash = hash_bytes(text);
  const size_t slot = slot_of(text, hash);
  count_ += slots_[slot].id < 0;
  if (static_cast<size_t>(id) >= places_.size()) {
    places_.resize(id + 1, {kNoPlace, 0});
  }
  // The slot is found by the spelling it points to, so the place comes first.
  places_[id] = {
      static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(text.size())};
  arena_ += text;
  slots_[slot] = {id, static_cast<uint32_t>(hash >> 32)};
}

void TokenTable::extend(int64_t size) {
  if (size > static_cast<int64_t>(places_.size())) {
    places_.resize(size, {kNoPlace, 0});
  }
}

std::optional<TokenId> TokenTable::find(std::string_view text) const {
  if (slots_.empty()) {
    return std::nullopt;
  }
  const int32_t id = slots_[slot_of(text, hash_bytes(text))].id;
  return id < 0 ? std::nullopt : std::optional<TokenId>(id);
}

std::string_view TokenTable::spelling(TokenId id) const {
  if (!contains(id)) {
    return {};
  }
  const Place place = places_[id];
  return std::string_view(arena_).substr(place.begin, place.length);
}

}  // namespace bantam
