// SPDX-License-Identifier: MIT
// A compact trie over byte strings: all entries that are prefixes of a text
// are found in one walk.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace bantam {

class ByteTrie {
 public:
  using Entry = std::pair<std::string_view, int32_t>;

  ByteTrie() : ByteTrie(std::vector<Entry>{}) {}
  /// Values are >= 0. Of entries with equal keys the first counts; empty
  /// keys are left out. The keys are not kept.
  explicit ByteTrie(std::vector<Entry> entries);

  /// Calls visit(length, value) for every key that `text` begins with, the
  /// shortest first.
  template <typename Visit>
  void for_each_prefix(std::string_view text, Visit visit) const {
    uint32_t node = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      node = child(node, static_cast<uint8_t>(text[i]));
      if (node == 0) {
        return;
      }
      if (nodes_[node].value >= 0) {
        visit(i + 1, nodes_[node].value);
      }
    }
  }

  /// Does any key begin with this byte?
  bool begins(uint8_t byte) const { return root_[byte] != 0; }
  bool empty() const { return nodes_.size() == 1; }

 private:
  struct Node {
    uint32_t first_child;
    int32_t value;
    uint16_t children;  // contiguous, sorted by label
    uint8_t label;
  };

  uint32_t child(uint32_t node, uint8_t byte) const;

  std::vector<Node> nodes_;
  std::array<uint32_t, 256> root_{};  // children of node 0, 0 where none
};

}  // namespace bantam
