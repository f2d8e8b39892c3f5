// SPDX-License-Identifier: MIT
// Expectations are what Oniguruma does inside the package `tokenizers`.
#include "text/regex.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace bantam {
namespace {

struct RegexCase {
  const char* pattern;
  std::string text;
  std::vector<std::string> matches;
};

std::vector<std::string> matches(
    const std::string& pattern,
    const std::string& text) {
  const Regex regex(pattern, "test");
  RegexSearch search(regex);
  search.start(text);
  std::vector<std::string> all;
  while (const auto match = search.next()) {
    all.push_back(text.substr(match->begin, match->end - match->begin));
  }
  return all;
}

TEST(Regex, MeansWhatItMeansInOniguruma) {
  const RegexCase cases[] = {
      {"a{,2}", "aaaa", {"aa", "aa"}},
      {"a{2}+", "aaaaaaa", {"aaaaaa"}},
      {"a{1,2}?", "aaa", {"a", "a", "a"}},
      {".", "a\nb", {"a", "b"}},
      {"(?m:.)", "a\nb", {"a", "\n", "b"}},
      {"[a-c&&b-d]", "abcd", {"b", "c"}},
      {"[^a-c&&b-d]", "abcdx", {"a", "d", "x"}},
      {R"([\p{L}&&[^\p{Han}]]+)", "ab日cd", {"ab", "cd"}},
      {"[a[bc]]", "abcd", {"a", "b", "c"}},
      {"[]a]", "a]", {"a", "]"}},
      {R"(\h+)", "ffz", {"ff"}},
      {R"(\bx\b)", "x ½x x", {"x", "x"}},
      {R"(\s)", "a\u180e b", {" "}},
      {R"(\S+)", "a\u180e b\u00a0c", {"a\u180e", "b", "c"}},
      {R"([^\s]+)", "a\u2003b", {"a", "b"}},
      {R"(\w+)", "a²_ b-c", {"a²_", "b", "c"}},
      {R"([[:punct:]]+)", "a+!b", {"+!"}},
      {R"(\p{Punct}+)", "a+!b", {"!"}},
      {R"(\p{^L}+)", "a1", {"1"}},
      {R"(\p{Uppercase_Letter})", "aB", {"B"}},
      {"a{b", "a{b", {"a{b"}},
      {"a{,}", "a{,}", {"a{,}"}},
      {"a++b", "aaab", {"aaab"}},
      {"(?>a+)b", "aaab", {"aaab"}},
      {R"(\u00e9)", "é", {"é"}},
      {R"(\x{1F600})", "😀", {"😀"}},
      {"(?i:[k])", "kK\u212a", {"k", "K", "\u212a"}},
      {"$", "a\nb", {"", ""}},
      {"^.", "a\nb\n", {"a", "b"}},
      {"x*", "axxb", {"", "xx", ""}},
  };
  for (const RegexCase& c : cases) {
    EXPECT_EQ(matches(c.pattern, c.text), c.matches) << c.pattern;
  }
}

TEST(Regex, RefusesWhatItCannotTranslate) {
  for (const char* pattern :
       {"(",
        "a)",
        "[a",
        "\\",
        "[\\",
        "\\p{Nope}",
        "\\p",
        "(?<n>",
        "\\y",
        "a**b{",
        "\\x{110000}",
        "(?",
        "[[:alpha:]",
        "\\C"}) {
    try {
      const Regex regex(pattern, "here");
      // What compiles must at least be searchable.
      RegexSearch search(regex);
      search.start("ab");
      search.next();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unsupported) << pattern;
      EXPECT_TRUE(std::string(error.what()).starts_with("here"));
    }
  }
  EXPECT_THROW(Regex("(", "here"), Error);
  EXPECT_THROW(Regex("[a", "here"), Error);
  EXPECT_THROW(Regex(std::string(100000, 'a'), "here"), Error);
  EXPECT_THROW(Regex(std::string(5000, '['), "here"), Error);
  EXPECT_THROW(Regex(std::string(5000, '('), "here"), Error);
}

TEST(Regex, LongRunsOfSpacesMatch) {
  const std::string text(10 << 20, ' ');
  const auto found = matches(R"(\s*[\r\n]+|\s+(?!\S)|\s+)", text + "x");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].size(), text.size() - 1);
}

}  // namespace
}  // namespace bantam
