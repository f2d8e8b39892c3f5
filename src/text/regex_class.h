// SPDX-License-Identifier: MIT
// Named character classes of Oniguruma, and sets of characters on their way
// to PCRE2.
#pragma once

#include <string>
#include <string_view>

namespace bantam {

// \w: Oniguruma has Latin-1's superscripts and fractions too.
inline constexpr std::string_view kRegexWordMembers =
    R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\xB2\xB3\xB9\xBC-\xBE)";

/// What a name stands for, as members of a PCRE2 class.
struct ClassName {
  std::string_view name;  // lower case, no spaces, '_' or '-'
  std::string_view members;
  bool negated = false;
};

/// [:name:]; nullptr if there is none.
const ClassName* find_posix_class(std::string_view name);
/// \p{name}, where PCRE2 does not know the name or means something else by
/// it; nullptr otherwise.
const ClassName* find_property(std::string_view name);

/// A set of characters on its way to PCRE2: plain members, or (where sets
/// are nested or intersected) a pattern that matches one character.
struct CharacterSet {
  std::string members;  // of a PCRE2 class
  std::string pattern;  // alternatives that match one character; may be ""
  bool negated = false;

  /// A PCRE2 expression that matches one character of the set.
  std::string text() const;
  /// Adds the characters of `part`.
  void add(const CharacterSet& part);
};

}  // namespace bantam
