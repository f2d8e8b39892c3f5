// SPDX-License-Identifier: MIT
#include "text/byte_automaton.h"

#include <algorithm>

namespace bantam {

namespace {

// The end of an alternative: a byte set that does not exist.
constexpr int32_t kEnd = -1;

bool is_end(const ByteGrammar::Symbol& symbol) {
  return !symbol.is_rule && symbol.index == kEnd;
}

// In a state's key, beside node indices, which are not negative.
constexpr int32_t kAcceptsMark = -1;

}  // namespace

ByteAutomaton::ByteAutomaton(
    const ByteGrammar& grammar,
    ByteGrammar::Rule start)
    : grammar_(grammar), start_rule_(start) {
  flatten();
  make_start();
}

void ByteAutomaton::flatten() {
  rule_starts_.resize(grammar_.rule_count());
  for (int32_t rule = 0; rule < grammar_.rule_count(); ++rule) {
    for (const ByteGrammar::Sequence& sequence : grammar_.alternatives(rule)) {
      rule_starts_[rule].push_back(static_cast<int32_t>(symbols_.size()));
      symbols_.insert(symbols_.end(), sequence.begin(), sequence.end());
      symbols_.push_back({false, kEnd});
    }
  }
}

void ByteAutomaton::make_start() {
  Closure closure;
  for (const int32_t position : rule_starts_[start_rule_]) {
    enter(position, kBottom, closure);
  }
  start_ = state_of(closure);
}

int32_t ByteAutomaton::node(int32_t position, int32_t parent) {
  const uint64_t key = static_cast<uint64_t>(static_cast<uint32_t>(position))
          << 32 |
      static_cast<uint32_t>(parent);
  const auto [place, is_new] =
      node_index_.try_emplace(key, static_cast<int32_t>(nodes_.size()));
  if (is_new) {
    nodes_.push_back({position, parent});
  }
  return place->second;
}

// Follows everything that takes no byte: ends of alternatives go back to what
// stands below, rules are opened. Recursion is as deep as rules begin with
// rules, which a grammar without left recursion bounds.
void ByteAutomaton::enter(int32_t position, int32_t parent, Closure& closure) {
  while (is_end(symbols_[position])) {
    if (parent == kBottom) {
      closure.accepts = true;
      return;
    }
    position = nodes_[parent].position;
    parent = nodes_[parent].parent;
  }
  if (!closure.seen.try_emplace({position, parent}, true).second) {
    return;
  }
  const ByteGrammar::Symbol symbol = symbols_[position];
  if (!symbol.is_rule) {
    closure.stacks.push_back(node(position, parent));
    return;
  }
  // A rule at the end of its alternative needs no way back: repetition written
  // as recursion does not grow the stack.
  const int32_t below =
      is_end(symbols_[position + 1]) ? parent : node(position + 1, parent);
  for (const int32_t start : rule_starts_[symbol.index]) {
    enter(start, below, closure);
  }
}

ByteAutomaton::State ByteAutomaton::state_of(Closure& closure) {
  std::vector<int32_t>& key = closure.stacks;
  std::sort(key.begin(), key.end());
  if (key.empty() && !closure.accepts) {
    return kDead;
  }
  if (closure.accepts) {
    key.push_back(kAcceptsMark);
  }
  const auto [place, is_new] =
      state_index_.try_emplace(key, static_cast<State>(states_.size()));
  if (is_new) {
    StateData data;
    data.accepts = closure.accepts;
    if (closure.accepts) {
      key.pop_back();
    }
    data.stacks = std::move(key);
    states_.push_back(std::move(data));
  }
  return place->second;
}

ByteAutomaton::State ByteAutomaton::step(State state, uint8_t byte) {
  if (states_[state].next) {
    const State known = (*states_[state].next)[byte];
    if (known != kUnknown) {
      return known;
    }
  } else {
    states_[state].next = std::make_unique<std::array<State, 256>>();
    states_[state].next->fill(kUnknown);
  }
  Closure closure;
  for (const int32_t stack : states_[state].stacks) {
    const Node top = nodes_[stack];
    if (grammar_.byte_set(symbols_[top.position].index).test(byte)) {
      enter(top.position + 1, top.parent, closure);
    }
  }
  const State next = state_of(closure);
  (*states_[state].next)[byte] = next;
  return next;
}

ByteAutomaton::State ByteAutomaton::forget(State state) {
  const StateData kept = std::move(states_[state]);
  const std::vector<Node> old = std::move(nodes_);
  nodes_.clear();
  node_index_.clear();
  states_.clear();
  state_index_.clear();
  make_start();
  Closure closure;
  closure.accepts = kept.accepts;
  for (const int32_t stack : kept.stacks) {
    std::vector<int32_t> positions;  // from the top down
    for (int32_t at = stack; at != kBottom; at = old[at].parent) {
      positions.push_back(old[at].position);
    }
    int32_t below = kBottom;
    for (auto at = positions.rbegin(); at != positions.rend(); ++at) {
      below = node(*at, below);
    }
    closure.stacks.push_back(below);
  }
  return state_of(closure);
}

}  // namespace bantam
