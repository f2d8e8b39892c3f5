// SPDX-License-Identifier: MIT
#include "text/byte_grammar.h"

#include <algorithm>

#include "base/error.h"

namespace bantam {

ByteSet byte_range(uint8_t first, uint8_t last) {
  ByteSet set;
  for (int byte = first; byte <= last; ++byte) {
    set.set(byte);
  }
  return set;
}

ByteGrammar::Rule ByteGrammar::add_rule() {
  rules_.emplace_back();
  return static_cast<Rule>(rules_.size()) - 1;
}

ByteGrammar::Rule ByteGrammar::add_rule(std::vector<Sequence> alternatives) {
  const Rule rule = add_rule();
  for (Sequence& alternative : alternatives) {
    add_alternative(rule, std::move(alternative));
  }
  return rule;
}

void ByteGrammar::add_alternative(Rule rule, Sequence sequence) {
  symbols_ += sequence.size() + 1;
  if (symbols_ > kMaxSymbols) {
    fail(
        ErrorCode::invalid_request,
        "the JSON schema is too large: it takes more than {} symbols",
        kMaxSymbols);
  }
  rules_[rule].push_back(std::move(sequence));
}

ByteGrammar::Symbol ByteGrammar::bytes(const ByteSet& set) {
  const auto [place, is_new] =
      set_index_.try_emplace(set, static_cast<int32_t>(sets_.size()));
  if (is_new) {
    sets_.push_back(set);
  }
  return {false, place->second};
}

ByteGrammar::Sequence ByteGrammar::literal(std::string_view text) {
  Sequence sequence;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    sequence.push_back(bytes(byte_range(byte, byte)));
  }
  return sequence;
}

std::vector<bool> ByteGrammar::nullable_rules() const {
  std::vector<bool> nullable(rules_.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t r = 0; r < rules_.size(); ++r) {
      const auto is_empty = [&](const Sequence& sequence) {
        return std::all_of(
            sequence.begin(), sequence.end(), [&](const Symbol& symbol) {
              return symbol.is_rule && nullable[symbol.index];
            });
      };
      if (!nullable[r] &&
          std::any_of(rules_[r].begin(), rules_[r].end(), is_empty)) {
        nullable[r] = true;
        changed = true;
      }
    }
  }
  return nullable;
}

bool ByteGrammar::is_left_recursive() const {
  const std::vector<bool> nullable = nullable_rules();
  // The rules that a rule may begin with.
  std::vector<std::vector<Rule>> begins(rules_.size());
  for (size_t r = 0; r < rules_.size(); ++r) {
    for (const Sequence& sequence : rules_[r]) {
      for (const Symbol& symbol : sequence) {
        if (!symbol.is_rule) {
          break;
        }
        begins[r].push_back(symbol.index);
        if (!nullable[symbol.index]) {
          break;
        }
      }
    }
  }
  // A cycle, looked for without recursion: chains of rules may be long.
  enum class Mark : uint8_t { fresh, open, done };
  std::vector<Mark> marks(rules_.size(), Mark::fresh);
  std::vector<std::pair<Rule, size_t>> path;
  for (Rule start = 0; start < rule_count(); ++start) {
    if (marks[start] != Mark::fresh) {
      continue;
    }
    path.emplace_back(start, 0);
    marks[start] = Mark::open;
    while (!path.empty()) {
      auto& [rule, next] = path.back();
      if (next == begins[rule].size()) {
        marks[rule] = Mark::done;
        path.pop_back();
        continue;
      }
      const Rule begin = begins[rule][next++];
      if (marks[begin] == Mark::open) {
        return true;
      }
      if (marks[begin] == Mark::fresh) {
        marks[begin] = Mark::open;
        path.emplace_back(begin, 0);
      }
    }
  }
  return false;
}

}  // namespace bantam
