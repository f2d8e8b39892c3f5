// SPDX-License-Identifier: MIT
#include "retrieval/claims.h"

#include <algorithm>
#include <cctype>

#include "retrieval/white_space.h"

namespace bantam {

namespace {

// "Yes." and "e.g." claim nothing.
constexpr size_t kFewestWords = 3;

// Past the sources at `at`: "[1]", " [1, 2][3]"; `at` if there are none.
size_t past_sources(std::string_view text, size_t at) {
  size_t end = at;
  while (true) {
    size_t i = end;
    while (i < text.size() && (text[i] == ' ' || text[i] == '\t')) {
      ++i;
    }
    if (i + 1 >= text.size() || text[i] != '[' ||
        std::isdigit(static_cast<unsigned char>(text[i + 1])) == 0) {
      return end;
    }
    const size_t close = text.find_first_not_of("0123456789, ", i + 1);
    if (close == text.npos || text[close] != ']') {
      return end;
    }
    end = close + 1;
  }
}

// Whether what follows a sentence's end might still be sources.
bool may_go_on(std::string_view text, size_t at) {
  const size_t next = text.find_first_not_of(" \t", at);
  return next == text.npos ||
      (text[next] == '[' && text.find_first_of("]\n", next) == text.npos);
}

size_t count_words(std::string_view text) {
  size_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = byte >= 0x80 || std::isalpha(byte) != 0;
    words += letter && !inside ? 1 : 0;
    inside = letter || (inside && !is_space(c));
  }
  return words;
}

void read_sources(std::string_view text, int source_count, Claim& claim) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '[') {
      continue;
    }
    const size_t close = text.find_first_not_of("0123456789, ", i + 1);
    if (close == text.npos || text[close] != ']' || close == i + 1) {
      continue;
    }
    int number = 0;
    for (size_t k = i + 1; k <= close; ++k) {
      if (std::isdigit(static_cast<unsigned char>(text[k])) != 0) {
        number = std::min(number * 10 + (text[k] - '0'), 1'000'000);
      } else if (number > 0) {
        auto& list = number <= source_count ? claim.sources : claim.unknown;
        if (std::ranges::find(list, number) == list.end()) {
          list.push_back(number);
        }
        number = 0;
      }
    }
  }
}

// Past the sentence that begins at `begin`, its sources included; npos if it
// is not certain yet where it ends.
size_t sentence_end(std::string_view text, size_t begin, bool all) {
  size_t fence = text.substr(begin).starts_with("```") ? begin : text.npos;
  if (fence != text.npos) {
    const size_t close = text.find("```", begin + 3);
    return close != text.npos ? close + 3 : all ? text.size() : text.npos;
  }
  for (size_t i = begin; i < text.size(); ++i) {
    const bool stop = text[i] == '.' || text[i] == '!' || text[i] == '?';
    const bool line = text[i] == '\n';
    if (!stop && !line) {
      continue;
    }
    if (stop && i + 1 < text.size() && !is_space(text[i + 1]) &&
        text[i + 1] != '[') {
      continue;  // "3.14", "sqlite.org"
    }
    if (!all && stop && may_go_on(text, i + 1)) {
      return text.npos;
    }
    const size_t end = line ? i : past_sources(text, i + 1);
    const std::string_view sentence = text.substr(begin, end - begin);
    if (stop && count_words(sentence) < kFewestWords) {
      continue;  // joined with what follows
    }
    return end;
  }
  return all ? text.size() : text.npos;
}

bool says_something(std::string_view sentence) {
  return !sentence.starts_with('#') && !sentence.starts_with("```") &&
      !sentence.ends_with(':') && count_words(sentence) >= kFewestWords;
}

// The claims of `text` that are certain; all of them at its end.
std::vector<Claim> claims_of(
    std::string_view text,
    int source_count,
    bool all) {
  std::vector<Claim> claims;
  size_t at = 0;
  while (at < text.size()) {
    size_t begin = at;
    while (begin < text.size() && is_space(text[begin])) {
      ++begin;
    }
    const size_t end = sentence_end(text, begin, all);
    if (end == text.npos || (begin == text.size() && !all)) {
      return claims;
    }
    Claim claim{.begin = at, .end = end};
    const std::string_view sentence = text.substr(begin, end - begin);
    read_sources(sentence, source_count, claim);
    claim.needs_source = says_something(sentence);
    claims.push_back(std::move(claim));
    at = end;
  }
  return claims;
}

}  // namespace

std::vector<Claim> split_claims(std::string_view text, int source_count) {
  return claims_of(text, source_count, true);
}

std::string_view claim_mark(const Claim& claim) {
  return claim.supported()    ? ""
      : claim.unknown.empty() ? " [no source]"
                              : " [no such source]";
}

std::string ClaimMarker::take(bool all) {
  std::string out;
  size_t done = 0;
  for (const Claim& claim : claims_of(text_, source_count_, all)) {
    out += std::string_view(text_).substr(claim.begin, claim.end - claim.begin);
    out += claim_mark(claim);
    done = claim.end;
  }
  text_.erase(0, done);
  return out;
}

std::string ClaimMarker::push(std::string_view piece) {
  text_ += piece;
  return take(false);
}

std::string ClaimMarker::finish() {
  return take(true);
}

}  // namespace bantam
