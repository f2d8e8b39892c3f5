// SPDX-License-Identifier: MIT
// A context-free grammar over bytes, built rule by rule: what a JSON schema is
// compiled to.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bantam {

using ByteSet = std::bitset<256>;

/// Bytes from `first` to `last`, both included.
ByteSet byte_range(uint8_t first, uint8_t last);

class ByteGrammar {
 public:
  struct Symbol {
    bool is_rule = false;
    int32_t index = 0;  // of a rule, or of a byte set
  };
  using Sequence = std::vector<Symbol>;
  using Rule = int32_t;

  /// The most symbols of all alternatives together; a schema that needs more
  /// is refused.
  static constexpr size_t kMaxSymbols = 400'000;

  /// A rule without alternatives: it matches nothing until some are added.
  Rule add_rule();
  Rule add_rule(std::vector<Sequence> alternatives);
  /// Throws invalid_request when the grammar grows beyond kMaxSymbols.
  void add_alternative(Rule rule, Sequence sequence);

  Symbol bytes(const ByteSet& set);
  static Symbol rule(Rule index) { return {true, index}; }
  /// The bytes of `text`, one after the other.
  Sequence literal(std::string_view text);

  const ByteSet& byte_set(int32_t index) const { return sets_[index]; }
  const std::vector<Sequence>& alternatives(Rule rule) const {
    return rules_[rule];
  }
  int32_t rule_count() const { return static_cast<int32_t>(rules_.size()); }

  /// Does a rule begin with itself, so that reading it would not end?
  bool is_left_recursive() const;

 private:
  std::vector<bool> nullable_rules() const;

  std::vector<ByteSet> sets_;
  std::unordered_map<ByteSet, int32_t> set_index_;
  std::vector<std::vector<Sequence>> rules_;
  size_t symbols_ = 0;
};

/// a b c -> one sequence.
template <typename... Parts>
ByteGrammar::Sequence join(const Parts&... parts) {
  ByteGrammar::Sequence all;
  const auto add = [&all](const auto& part) {
    if constexpr (std::is_same_v<
                      std::decay_t<decltype(part)>,
                      ByteGrammar::Symbol>) {
      all.push_back(part);
    } else {
      all.insert(all.end(), part.begin(), part.end());
    }
  };
  (add(parts), ...);
  return all;
}

}  // namespace bantam
