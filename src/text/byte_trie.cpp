// SPDX-License-Identifier: MIT
#include "text/byte_trie.h"

#include <algorithm>

namespace bantam {

ByteTrie::ByteTrie(std::vector<Entry> entries) {
  std::erase_if(
      entries, [](const Entry& entry) { return entry.first.empty(); });
  std::ranges::stable_sort(entries, {}, &Entry::first);
  // Breadth first: the children of a node are born together, so they lie
  // together. `pending[node]` are the entries below the node.
  struct Pending {
    uint32_t begin;
    uint32_t end;
    uint32_t depth;
  };
  std::vector<Pending> pending;
  nodes_.push_back({0, -1, 0, 0});
  pending.push_back({0, static_cast<uint32_t>(entries.size()), 0});
  for (size_t node = 0; node < nodes_.size(); ++node) {
    auto [begin, end, depth] = pending[node];
    if (begin < end && entries[begin].first.size() == depth) {
      nodes_[node].value = entries[begin].second;
      while (begin < end && entries[begin].first.size() == depth) {
        ++begin;
      }
    }
    nodes_[node].first_child = static_cast<uint32_t>(nodes_.size());
    while (begin < end) {
      const char label = entries[begin].first[depth];
      uint32_t next = begin;
      while (next < end && entries[next].first[depth] == label) {
        ++next;
      }
      ++nodes_[node].children;
      nodes_.push_back({0, -1, 0, static_cast<uint8_t>(label)});
      pending.push_back({begin, next, depth + 1});
      begin = next;
    }
  }
  for (uint32_t i = 0; i < nodes_[0].children; ++i) {
    const uint32_t node = nodes_[0].first_child + i;
    root_[nodes_[node].label] = node;
  }
  nodes_.shrink_to_fit();
}

uint32_t ByteTrie::child(uint32_t node, uint8_t byte) const {
  if (node == 0) {
    return root_[byte];
  }
  const Node* first = nodes_.data() + nodes_[node].first_child;
  const Node* last = first + nodes_[node].children;
  const Node* found = std::lower_bound(
      first, last, byte, [](const Node& candidate, uint8_t label) {
        return candidate.label < label;
      });
  return found != last && found->label == byte
      ? static_cast<uint32_t>(found - nodes_.data())
      : 0;
}

}  // namespace bantam
