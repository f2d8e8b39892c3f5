// SPDX-License-Identifier: MIT
// From the regular expressions of tokenizer.json (Oniguruma, Ruby syntax) to
// those of PCRE2 with the same meaning.
#pragma once

#include <string>
#include <string_view>

namespace bantam {

/// Members of a PCRE2 character class, without the brackets.
/// \s: Unicode's White_Space. PCRE2's own \s also has U+180E.
inline constexpr std::string_view kSpaceMembers =
    R"(\x09-\x0D\x20\x85\xA0\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
/// Word characters as UTS 18 sees them, and with them Rust's \w but for the
/// two joiners.
inline constexpr std::string_view kWordMembers =
    R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";

/// Compile the result with PCRE2_UTF, PCRE2_UCP and PCRE2_MULTILINE and with
/// newline = LF. `where` begins the error message (unsupported) for what has
/// no translation.
std::string translate_regex(std::string_view pattern, const std::string& where);

}  // namespace bantam
