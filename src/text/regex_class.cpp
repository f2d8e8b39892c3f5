// SPDX-License-Identifier: MIT
#include "text/regex_class.h"

#include <algorithm>
#include <array>
#include <span>

#include "text/regex_syntax.h"

namespace bantam {

namespace {

// POSIX classes, [:name:], and where \p{name} has another meaning than in
// PCRE2.
constexpr std::array kPosixClasses = {
    ClassName{"alnum", R"(\p{Alphabetic}\p{Nd})"},
    ClassName{"alpha", R"(\p{Alphabetic})"},
    ClassName{"ascii", R"(\x00-\x7F)"},
    ClassName{"blank", R"(\p{Zs}\x09)"},
    ClassName{"cntrl", R"(\p{Cc})"},
    ClassName{"digit", R"(\p{Nd})"},
    ClassName{"graph", R"(\p{Z}\p{Cc}\p{Cs}\p{Cn})", true},
    ClassName{"lower", R"(\p{Lowercase})"},
    ClassName{"print", R"(\p{Cc}\p{Cs}\p{Cn}\p{Zl}\p{Zp})", true},
    ClassName{"punct", R"(\p{P}\p{S})"},
    ClassName{"space", kSpaceMembers},
    ClassName{"upper", R"(\p{Uppercase})"},
    ClassName{"word", kWordMembers},
    ClassName{"xdigit", "0-9A-Fa-f"},
};

// Names of \p{...} that Oniguruma knows and PCRE2 does not, or knows
// otherwise.
constexpr std::array kProperties = {
    ClassName{"any", R"(\x{0}-\x{10FFFF})"},
    ClassName{"assigned", R"(\p{Cn})", true},
    ClassName{"inbasiclatin", R"(\x00-\x7F)"},
    ClassName{"lc", R"(\p{L&})"},
    ClassName{"casedletter", R"(\p{L&})"},
    ClassName{"punct", R"(\p{P})"},
    ClassName{"whitespace", kSpaceMembers},
    ClassName{"word", kRegexWordMembers},
    ClassName{"letter", R"(\p{L})"},
    ClassName{"uppercaseletter", R"(\p{Lu})"},
    ClassName{"lowercaseletter", R"(\p{Ll})"},
    ClassName{"titlecaseletter", R"(\p{Lt})"},
    ClassName{"modifierletter", R"(\p{Lm})"},
    ClassName{"otherletter", R"(\p{Lo})"},
    ClassName{"mark", R"(\p{M})"},
    ClassName{"nonspacingmark", R"(\p{Mn})"},
    ClassName{"number", R"(\p{N})"},
    ClassName{"decimalnumber", R"(\p{Nd})"},
    ClassName{"punctuation", R"(\p{P})"},
    ClassName{"symbol", R"(\p{S})"},
    ClassName{"separator", R"(\p{Z})"},
    ClassName{"other", R"(\p{C})"},
    ClassName{"control", R"(\p{Cc})"},
};

const ClassName* find_class(
    std::span<const ClassName> classes,
    std::string_view name) {
  const auto found = std::ranges::find(classes, name, &ClassName::name);
  return found == classes.end() ? nullptr : &*found;
}

}  // namespace

const ClassName* find_posix_class(std::string_view name) {
  return find_class(kPosixClasses, name);
}

const ClassName* find_property(std::string_view name) {
  const ClassName* found = find_class(kProperties, name);
  return found != nullptr ? found : find_posix_class(name);
}

std::string CharacterSet::text() const {
  const std::string plain = members.empty() ? "" : "[" + members + "]";
  if (pattern.empty() && !members.empty()) {
    return (negated ? "[^" : "[") + members + "]";
  }
  const std::string either = plain.empty() ? pattern
      : pattern.empty()                    ? plain
                                           : plain + "|" + pattern;
  if (either.empty()) {
    return negated ? "(?s:.)" : "(?!)";
  }
  return negated ? "(?:(?!" + either + ")(?s:.))" : "(?:" + either + ")";
}

void CharacterSet::add(const CharacterSet& part) {
  if (part.pattern.empty() && !part.negated) {
    members += part.members;
    return;
  }
  pattern += (pattern.empty() ? "" : "|") + part.text();
}

}  // namespace bantam
