// SPDX-License-Identifier: MIT
#include "text/merge_table.h"

#include <bit>

namespace bantam {

MergeTable::MergeTable(size_t merges)
    : slots_(std::bit_ceil(merges + merges / 4 + 2), {kEmpty, {}}),
      mask_(slots_.size() - 1) {}

void MergeTable::add(TokenId left, TokenId right, Merge merge) {
  const uint64_t key = key_of(left, right);
  size_t slot = slot_of(key);
  while (slots_[slot].key != kEmpty && slots_[slot].key != key) {
    slot = (slot + 1) & mask_;
  }
  slots_[slot] = {key, merge};
}

}  // namespace bantam
