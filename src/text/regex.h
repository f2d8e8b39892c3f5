// SPDX-License-Identifier: MIT
// Regular expressions of tokenizer.json, matched with PCRE2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "text/prompt_text.h"

namespace bantam {

/// A compiled expression. Immutable; searches of it may run in any thread.
class Regex {
 public:
  /// `pattern` is in the syntax of tokenizer.json (Oniguruma, Ruby). `where`
  /// begins error messages: unsupported for a pattern PCRE2 refuses.
  Regex(std::string_view pattern, const std::string& where);
  ~Regex();
  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;

 private:
  friend class RegexSearch;
  struct Compiled;
  std::unique_ptr<const Compiled> compiled_;
};

/// Finds the matches of one expression, text after text. Belongs to one
/// thread; the Regex must outlive it.
class RegexSearch {
 public:
  explicit RegexSearch(const Regex& regex);
  ~RegexSearch();
  RegexSearch(const RegexSearch&) = delete;
  RegexSearch& operator=(const RegexSearch&) = delete;

  /// Starts over in `text`, valid UTF-8 that must outlive the search.
  void start(std::string_view text);

  /// The next match, as Oniguruma finds them: an empty match right after
  /// the last match is passed over. Throws invalid_request where the
  /// expression backtracks beyond all bounds.
  std::optional<ByteRange> next();

 private:
  struct State;
  int match();
  std::unique_ptr<State> state_;
};

}  // namespace bantam
