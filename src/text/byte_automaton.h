// SPDX-License-Identifier: MIT
// Runs a ByteGrammar as a pushdown automaton that is made deterministic on the
// way: a state is the set of all stacks that the text so far allows, and its
// transitions are remembered, so that a byte seen before costs one look-up.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/byte_grammar.h"

namespace bantam {

/// Belongs to one thread.
class ByteAutomaton {
 public:
  using State = int32_t;
  static constexpr State kDead = -1;

  /// `grammar` is not left-recursive.
  ByteAutomaton(const ByteGrammar& grammar, ByteGrammar::Rule start);

  State start() const { return start_; }
  /// The state after one more byte; kDead: the byte is not allowed here.
  State step(State state, uint8_t byte);
  /// May the text end here?
  bool accepts(State state) const { return states_[state].accepts; }
  /// Is there a byte that may follow?
  bool goes_on(State state) const { return !states_[state].stacks.empty(); }

  /// Memory in use, in states: forget() when it has grown.
  size_t size() const { return states_.size() + nodes_.size() / 8; }
  /// Drops everything that was remembered but `state` and the start; returns
  /// `state`'s new name. All other states become invalid.
  State forget(State state);

 private:
  static constexpr int32_t kBottom = -1;
  static constexpr int32_t kUnknown = -2;

  // The next symbol to read and, below it, where to go on.
  struct Node {
    int32_t position;
    int32_t parent;
  };
  struct StateData {
    std::vector<int32_t> stacks;  // sorted node indices
    bool accepts = false;
    std::unique_ptr<std::array<State, 256>> next;
  };
  // While the stacks after a step are collected.
  struct Closure {
    std::vector<int32_t> stacks;
    bool accepts = false;
    std::map<std::pair<int32_t, int32_t>, bool> seen;
  };

  void flatten();
  int32_t node(int32_t position, int32_t parent);
  void enter(int32_t position, int32_t parent, Closure& closure);
  State state_of(Closure& closure);
  void make_start();

  const ByteGrammar& grammar_;
  ByteGrammar::Rule start_rule_;
  // All alternatives one after the other, each ended by kEnd.
  std::vector<ByteGrammar::Symbol> symbols_;
  std::vector<std::vector<int32_t>> rule_starts_;  // into symbols_

  std::vector<Node> nodes_;
  std::unordered_map<uint64_t, int32_t> node_index_;
  std::vector<StateData> states_;
  std::map<std::vector<int32_t>, State> state_index_;
  State start_ = 0;
};

}  // namespace bantam
