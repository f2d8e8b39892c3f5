// SPDX-License-Identifier: MIT
#include "text/jinja_search.h"

#include <cstdint>
#include <vector>

namespace bantam::jinja {

namespace {

// Below this the library's search is faster, and its worst case bearable.
constexpr size_t kShortWords = 32;

// Knuth, Morris and Pratt, "Fast Pattern Matching in Strings" (1977).
class Matcher {
 public:
  explicit Matcher(std::string_view words)
      : words_(words), borders_(words.size()) {
    for (size_t i = 1, border = 0; i < words.size(); ++i) {
      border = advance(border, words[i]);
      borders_[i] = border;
    }
  }

  /// The end of the first match that ends at or after `from`, npos if none.
  size_t match_end(std::string_view text, size_t from) {
    for (size_t i = from; i < text.size(); ++i) {
      matched_ = advance(
          matched_ == words_.size() ? borders_.back() : matched_, text[i]);
      if (matched_ == words_.size()) {
        return i + 1;
      }
    }
    return text.npos;
  }

 private:
  size_t advance(size_t matched, char c) const {
    while (matched > 0 && words_[matched] != c) {
      matched = borders_[matched - 1];
    }
    return matched + (words_[matched] == c);
  }

  std::string_view words_;
  std::vector<size_t> borders_;
  size_t matched_ = 0;
};

}  // namespace

size_t find_words(std::string_view text, std::string_view words, size_t from) {
  if (words.size() <= kShortWords || from > text.size() ||
      text.size() - from < words.size()) {
    return text.find(words, from);
  }
  const size_t end = Matcher(words).match_end(text, from);
  return end == text.npos ? end : end - words.size();
}

size_t find_last_words(std::string_view text, std::string_view words) {
  if (words.size() <= kShortWords || text.size() < words.size()) {
    return text.rfind(words);
  }
  Matcher matcher(words);
  size_t last = text.npos;
  for (size_t end = 0; (end = matcher.match_end(text, end)) != text.npos;) {
    last = end - words.size();
  }
  return last;
}

}  // namespace bantam::jinja
