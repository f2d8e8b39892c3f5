// SPDX-License-Identifier: MIT
// The rules of JSON itself, and of its strings and numbers within bounds, as
// parts of a ByteGrammar.
#pragma once

#include <cstdint>
#include <optional>

#include "text/byte_grammar.h"

namespace bantam {

/// Bounds of a number, both included; nullopt: none.
struct NumberRange {
  std::optional<int64_t> least;
  std::optional<int64_t> most;
};

/// Makes each rule when it is first asked for.
class JsonGrammar {
 public:
  using Symbol = ByteGrammar::Symbol;

  explicit JsonGrammar(ByteGrammar& grammar) : grammar_(grammar) {}

  /// Nothing, one space, or a line break with up to 20 spaces or tabs: a model
  /// may lay its answer out, but not fill it with space.
  Symbol space();
  Symbol any_value();
  Symbol any_object();
  Symbol any_array();
  Symbol string();
  /// A string of so many code points.
  Symbol string(int64_t least, std::optional<int64_t> most);
  Symbol boolean();
  Symbol null();
  /// Up to 15 digits, so that a double holds it.
  Symbol integer(const NumberRange& range);
  /// Within whole bounds.
  Symbol number(const NumberRange& range);

  /// `{ ws ws }` or `{ ws item (ws , ws item)* ws }`, `least` to `most` items.
  Symbol list(
      char open,
      char close,
      const ByteGrammar::Sequence& item,
      int64_t least,
      std::optional<int64_t> most);
  /// ws : ws
  ByteGrammar::Sequence colon();
  /// ws , ws
  ByteGrammar::Sequence comma();

 private:
  Symbol character();
  Symbol fraction();
  Symbol exponent();
  Symbol digits(int64_t least, int64_t most);
  void add_up_to(
      ByteGrammar::Rule rule,
      const ByteGrammar::Sequence& before,
      int64_t least,
      int64_t most);
  void add_same_length(
      ByteGrammar::Rule rule,
      ByteGrammar::Sequence before,
      std::string_view low,
      std::string_view high);

  ByteGrammar& grammar_;
  std::optional<Symbol> space_, value_, object_, array_, string_, boolean_,
      null_, character_, fraction_, exponent_;
};

}  // namespace bantam
