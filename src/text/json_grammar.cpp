// SPDX-License-Identifier: MIT
#include "text/json_grammar.h"

#include <algorithm>
#include <string>

namespace bantam {

namespace {

using Sequence = ByteGrammar::Sequence;

constexpr int64_t kMostDigits = 15;
constexpr int64_t kMostInteger = 999'999'999'999'999;
constexpr int64_t kMostSpaces = 20;

ByteSet any_of(std::string_view characters) {
  ByteSet set;
  for (const char c : characters) {
    set.set(static_cast<uint8_t>(c));
  }
  return set;
}

const ByteSet kDigit = byte_range('0', '9');
const ByteSet kHex =
    byte_range('0', '9') | byte_range('a', 'f') | byte_range('A', 'F');

}  // namespace

ByteGrammar::Symbol JsonGrammar::space() {
  if (!space_) {
    ByteGrammar& g = grammar_;
    const Symbol indent = g.bytes(any_of(" \t"));
    ByteGrammar::Rule rest = g.add_rule({{}});
    for (int64_t i = 0; i < kMostSpaces; ++i) {
      rest = g.add_rule({{}, {indent, ByteGrammar::rule(rest)}});
    }
    space_ = ByteGrammar::rule(g.add_rule(
        {{}, g.literal(" "), join(g.literal("\n"), ByteGrammar::rule(rest))}));
  }
  return *space_;
}

Sequence JsonGrammar::colon() {
  return join(grammar_.literal(":"), space());
}

Sequence JsonGrammar::comma() {
  return join(space(), grammar_.literal(","), space());
}

// One character of a string, escaped or as it is. An escaped surrogate would
// need its other half, so it is left out.
ByteGrammar::Symbol JsonGrammar::character() {
  if (!character_) {
    ByteGrammar& g = grammar_;
    const auto in = [&](int first, int last) {
      return g.bytes(
          byte_range(static_cast<uint8_t>(first), static_cast<uint8_t>(last)));
    };
    const Symbol next = in(0x80, 0xBF);
    ByteSet plain = byte_range(0x20, 0x7E);
    plain.reset('"');
    plain.reset('\\');
    ByteSet not_d = kHex;
    not_d.reset('d');
    not_d.reset('D');
    const Symbol hex = g.bytes(kHex);
    const Sequence u = g.literal("\\u");
    character_ = ByteGrammar::rule(g.add_rule({
        {g.bytes(plain)},
        {in(0xC2, 0xDF), next},
        {in(0xE0, 0xE0), in(0xA0, 0xBF), next},
        {in(0xE1, 0xEC), next, next},
        {in(0xED, 0xED), in(0x80, 0x9F), next},
        {in(0xEE, 0xEF), next, next},
        {in(0xF0, 0xF0), in(0x90, 0xBF), next, next},
        {in(0xF1, 0xF3), next, next, next},
        {in(0xF4, 0xF4), in(0x80, 0x8F), next, next},
        join(g.literal("\\"), g.bytes(any_of("\"\\/bfnrt"))),
        join(u, g.bytes(not_d), hex, hex, hex),
        join(u, g.bytes(any_of("dD")), in('0', '7'), hex, hex),
    }));
  }
  return *character_;
}

ByteGrammar::Symbol JsonGrammar::string() {
  if (!string_) {
    string_ = string(0, std::nullopt);
  }
  return *string_;
}

ByteGrammar::Symbol JsonGrammar::string(
    int64_t least,
    std::optional<int64_t> most) {
  ByteGrammar& g = grammar_;
  const Symbol one = character();
  ByteGrammar::Rule rest = g.add_rule({{}});
  if (most) {
    for (int64_t i = least; i < *most; ++i) {
      rest = g.add_rule({{}, {one, ByteGrammar::rule(rest)}});
    }
  } else {
    g.add_alternative(rest, {one, ByteGrammar::rule(rest)});
  }
  Sequence text = g.literal("\"");
  text.insert(text.end(), static_cast<size_t>(least), one);
  return ByteGrammar::rule(
      g.add_rule({join(text, ByteGrammar::rule(rest), g.literal("\""))}));
}

ByteGrammar::Symbol JsonGrammar::boolean() {
  if (!boolean_) {
    boolean_ = ByteGrammar::rule(grammar_.add_rule(
        {grammar_.literal("true"), grammar_.literal("false")}));
  }
  return *boolean_;
}

ByteGrammar::Symbol JsonGrammar::null() {
  if (!null_) {
    null_ = ByteGrammar::rule(grammar_.add_rule({grammar_.literal("null")}));
  }
  return *null_;
}

ByteGrammar::Symbol JsonGrammar::list(
    char open,
    char close,
    const Sequence& item,
    int64_t least,
    std::optional<int64_t> most) {
  ByteGrammar& g = grammar_;
  const Sequence next = join(comma(), item);
  // What may follow an item that is enough.
  ByteGrammar::Rule rest = g.add_rule({{}});
  if (most) {
    for (int64_t i = std::max<int64_t>(least, 1); i < *most; ++i) {
      rest = g.add_rule({{}, join(next, ByteGrammar::rule(rest))});
    }
  } else {
    g.add_alternative(rest, join(next, ByteGrammar::rule(rest)));
  }
  const Sequence begin = join(g.literal(std::string(1, open)), space());
  const Sequence end = g.literal(std::string(1, close));
  std::vector<Sequence> forms;
  if (least == 0) {
    forms.push_back(join(begin, end));
  }
  if (!most || *most > 0) {
    Sequence full = join(begin, item);
    for (int64_t i = 1; i < least; ++i) {
      full = join(full, next);
    }
    forms.push_back(join(full, ByteGrammar::rule(rest), space(), end));
  }
  return ByteGrammar::rule(g.add_rule(std::move(forms)));
}

ByteGrammar::Symbol JsonGrammar::any_value() {
  if (!value_) {
    const ByteGrammar::Rule rule = grammar_.add_rule();
    value_ = ByteGrammar::rule(rule);  // before its parts, which use it
    for (const Symbol& form :
         {any_object(), any_array(), string(), number({}), boolean(), null()}) {
      grammar_.add_alternative(rule, {form});
    }
  }
  return *value_;
}

ByteGrammar::Symbol JsonGrammar::any_object() {
  if (!object_) {
    object_ =
        list('{', '}', join(string(), colon(), any_value()), 0, std::nullopt);
  }
  return *object_;
}

ByteGrammar::Symbol JsonGrammar::any_array() {
  if (!array_) {
    array_ = list('[', ']', {any_value()}, 0, std::nullopt);
  }
  return *array_;
}

// `least` to `most` digits.
ByteGrammar::Symbol JsonGrammar::digits(int64_t least, int64_t most) {
  ByteGrammar& g = grammar_;
  const Symbol digit = g.bytes(kDigit);
  ByteGrammar::Rule rest = g.add_rule({{}});
  for (int64_t i = least; i < most; ++i) {
    rest = g.add_rule({{}, {digit, ByteGrammar::rule(rest)}});
  }
  Sequence all(static_cast<size_t>(least), digit);
  return ByteGrammar::rule(g.add_rule({join(all, ByteGrammar::rule(rest))}));
}

ByteGrammar::Symbol JsonGrammar::fraction() {
  if (!fraction_) {
    fraction_ = ByteGrammar::rule(grammar_.add_rule(
        {{}, join(grammar_.literal("."), digits(1, kMostDigits))}));
  }
  return *fraction_;
}

ByteGrammar::Symbol JsonGrammar::exponent() {
  if (!exponent_) {
    ByteGrammar& g = grammar_;
    const ByteGrammar::Rule sign = g.add_rule({{}, {g.bytes(any_of("+-"))}});
    // Two digits: no number becomes infinite.
    exponent_ = ByteGrammar::rule(g.add_rule(
        {{}, {g.bytes(any_of("eE")), ByteGrammar::rule(sign), digits(1, 2)}}));
  }
  return *exponent_;
}

// Numbers of as many digits as `low` and `high` have, between them.
void JsonGrammar::add_same_length(
    ByteGrammar::Rule rule,
    Sequence before,
    std::string_view low,
    std::string_view high) {
  ByteGrammar& g = grammar_;
  while (!low.empty() && low.front() == high.front()) {
    before = join(before, g.literal(low.substr(0, 1)));
    low.remove_prefix(1);
    high.remove_prefix(1);
  }
  if (low.empty()) {
    g.add_alternative(rule, std::move(before));
    return;
  }
  const auto head = [&](char first, char last) {
    return join(before, g.bytes(byte_range(first, last)));
  };
  const Sequence free(low.size() - 1, g.bytes(kDigit));
  const bool from_start = low.substr(1).find_first_not_of('0') == low.npos;
  const bool to_end = high.substr(1).find_first_not_of('9') == high.npos;
  const char first = static_cast<char>(low[0] + (from_start ? 0 : 1));
  const char last = static_cast<char>(high[0] - (to_end ? 0 : 1));
  if (!from_start) {
    add_same_length(
        rule,
        head(low[0], low[0]),
        low.substr(1),
        std::string(low.size() - 1, '9'));
  }
  if (first <= last) {
    g.add_alternative(rule, join(head(first, last), free));
  }
  if (!to_end) {
    add_same_length(
        rule,
        head(high[0], high[0]),
        std::string(high.size() - 1, '0'),
        high.substr(1));
  }
}

// Whole numbers from `least` >= 0 to `most`.
void JsonGrammar::add_up_to(
    ByteGrammar::Rule rule,
    const Sequence& before,
    int64_t least,
    int64_t most) {
  int64_t power = 10;
  for (int64_t low = least; low <= most; power *= 10) {
    if (power > low) {
      const int64_t high = std::min(most, power - 1);
      add_same_length(rule, before, std::to_string(low), std::to_string(high));
      low = high + 1;
    }
  }
}

ByteGrammar::Symbol JsonGrammar::integer(const NumberRange& range) {
  const int64_t least =
      std::max(range.least.value_or(-kMostInteger), -kMostInteger);
  const int64_t most =
      std::min(range.most.value_or(kMostInteger), kMostInteger);
  const ByteGrammar::Rule rule = grammar_.add_rule();
  add_up_to(rule, {}, std::max<int64_t>(least, 0), most);
  add_up_to(rule, grammar_.literal("-"), std::max<int64_t>(-most, 1), -least);
  return ByteGrammar::rule(rule);
}

// k.f lies within [least, most] when k and k + 1 do; `most` itself is written
// without a fraction. Below zero the same, mirrored.
ByteGrammar::Symbol JsonGrammar::number(const NumberRange& range) {
  ByteGrammar& g = grammar_;
  const ByteGrammar::Rule rule = g.add_rule();
  if (!range.least && !range.most) {
    g.add_alternative(rule, {integer({}), fraction(), exponent()});
    // The integer part of -0.5 is -0.
    g.add_alternative(
        rule, join(g.literal("-0."), digits(1, kMostDigits), exponent()));
    return ByteGrammar::rule(rule);
  }
  const int64_t least =
      std::max(range.least.value_or(-kMostInteger), -kMostInteger);
  const int64_t most =
      std::min(range.most.value_or(kMostInteger), kMostInteger);
  g.add_alternative(rule, {integer(range)});
  const auto with_fraction =
      [&](std::string_view sign, int64_t from, int64_t to) {
        const ByteGrammar::Rule whole = g.add_rule();
        add_up_to(whole, g.literal(sign), std::max<int64_t>(from, 0), to);
        if (!g.alternatives(whole).empty()) {
          g.add_alternative(
              rule,
              join(
                  ByteGrammar::rule(whole),
                  g.literal("."),
                  digits(1, kMostDigits)));
        }
      };
  with_fraction("", least, most - 1);
  with_fraction("-", -most, -least - 1);
  return ByteGrammar::rule(rule);
}

}  // namespace bantam
