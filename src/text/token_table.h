// SPDX-License-Identifier: MIT
// Spelling <-> id, compactly: one arena of text and one open-addressing table
// instead of a node and a string for each of 250 000 tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace bantam {

class TokenTable {
 public:
  /// No vocabulary known has ids beyond a quarter of this; a file that names
  /// larger ones would make us allocate for them.
  static constexpr int64_t kMaxTokens = 1 << 22;

  void reserve(size_t tokens, size_t text_bytes);

  /// `id` is in [0, kMaxTokens). The last id added for a spelling is the one
  /// found; the last spelling added for an id is its spelling.
  void add(std::string_view spelling, TokenId id);

  /// size() becomes at least this; ids without a spelling exist then.
  void extend(int64_t size);

  std::optional<TokenId> find(std::string_view spelling) const;

  /// "" for an id that has none.
  std::string_view spelling(TokenId id) const;
  bool contains(TokenId id) const {
    return id >= 0 && static_cast<size_t>(id) < places_.size() &&
        places_[id].begin != kNoPlace;
  }

  /// One past the largest id.
  int64_t size() const { return static_cast<int64_t>(places_.size()); }
  /// How many different spellings there are.
  size_t count() const { return count_; }

 private:
  struct Place {
    uint32_t begin;
    uint32_t length;
  };
  static constexpr uint32_t kNoPlace = UINT32_MAX;

  /// A part of the hash beside the id: most strangers are told apart without
  /// a look at their spelling.
  struct Slot {
    int32_t id;  // -1 where empty
    uint32_t tag;
  };

  size_t slot_of(std::string_view spelling, uint64_t hash) const;
  void grow(size_t slots);

  std::string arena_;
  std::vector<Place> places_;  // by id
  std::vector<Slot> slots_;    // a power of two
  size_t count_ = 0;
};

}  // namespace bantam
