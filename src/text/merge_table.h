// SPDX-License-Identifier: MIT
// The merges of a BPE vocabulary: (left, right) -> rank and merged token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "text/tokenizer.h"

namespace bantam {

class MergeTable {
 public:
  struct Merge {
    uint32_t rank;
    TokenId token;
  };

  /// Room for `merges` entries; add() no more than that.
  explicit MergeTable(size_t merges);

  /// The last rank added for a pair counts, as in tokenizers.
  void add(TokenId left, TokenId right, Merge merge);

  /// nullptr if the pair does not merge.
  const Merge* find(TokenId left, TokenId right) const {
    const uint64_t key = key_of(left, right);
    for (size_t slot = slot_of(key);; slot = (slot + 1) & mask_) {
      if (slots_[slot].key == key) {
        return &slots_[slot].merge;
      }
      if (slots_[slot].key == kEmpty) {
        return nullptr;
      }
    }
  }

 private:
  struct Slot {
    uint64_t key;
    Merge merge;
  };
  static constexpr uint64_t kEmpty = UINT64_MAX;

  static uint64_t key_of(TokenId left, TokenId right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 |
        static_cast<uint32_t>(right);
  }
  size_t slot_of(uint64_t key) const {
    return (key * 0x9E3779B97F4A7C15 >> 32) & mask_;
  }

  std::vector<Slot> slots_;
  size_t mask_;
};

}  // namespace bantam
