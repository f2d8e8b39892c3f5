// SPDX-License-Identifier: MIT
// The two searches of an index: by words and by vectors.
#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"
#include "kernels/encoder.h"
#include "retrieval/document_index.h"

namespace bantam {

namespace {

// Words of questions that stand in most texts: ranking all of them costs more
// than everything else, and says nothing.
constexpr std::array<std::string_view, 62> kCommonWords = {
    "a",    "about", "am",   "an",    "and",   "any",    "are",   "as",
    "at",   "be",    "been", "by",    "can",   "could",  "did",   "do",
    "does", "for",   "from", "get",   "had",   "has",    "have",  "how",
    "i",    "if",    "in",   "into",  "is",    "it",     "its",   "me",
    "my",   "of",    "on",   "one",   "or",    "should", "so",    "that",
    "the",  "their", "them", "there", "these", "this",   "those", "to",
    "was",  "we",    "were", "what",  "when",  "where",  "which", "who",
    "why",  "will",  "with", "would", "you",   "your"};

bool is_word_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

std::string lower(std::string_view word) {
  std::string out(word);
  for (char& c : out) {
    c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && is_word_byte(text[end])) {
      ++end;
    }
    if (end > i) {
      words.push_back(lower(text.substr(i, end - i)));
    }
    i = end + 1;
  }
  std::ranges::sort(words);
  words.erase(std::ranges::unique(words).begin(), words.end());
  return words;
}

bool better(const Match& a, const Match& b) {
  return a.score > b.score || (a.score == b.score && a.chunk < b.chunk);
}

}  // namespace

std::string words_query(std::string_view query) {
  // A pasted page would take for ever.
  constexpr size_t kMostWords = 64;
  const std::vector<std::string> words = words_of(query);
  std::vector<std::string> telling;
  std::ranges::copy_if(
      words, std::back_inserter(telling), [](const std::string& word) {
        return std::ranges::find(kCommonWords, word) == kCommonWords.end();
      });
  if (telling.size() > kMostWords) {
    telling.resize(kMostWords);
  }
  std::string out;
  for (const std::string& word : telling.empty() ? words : telling) {
    out += (out.empty() ? "\"" : " OR \"") + word + "\"";
  }
  return out;
}

DocumentSet DocumentIndex::documents_below(
    const std::vector<std::string>& paths) {
  DocumentSet out;
  for (const Document& document : documents()) {
    const bool below = std::ranges::any_of(paths, [&](const auto& path) {
      return document.path == path || document.path.starts_with(path + "/");
    });
    if (below) {
      out.insert(document.id);
    }
  }
  return out;
}

std::vector<Match> DocumentIndex::search_words(
    std::string_view query,
    int64_t limit,
    const DocumentSet* among) {
  const std::string words = words_query(query);
  std::vector<Match> matches;
  if (words.empty()) {
    return matches;
  }
  Statement row(
      database_,
      "SELECT w.rowid, c.document, w.rank FROM (SELECT rowid, rank FROM words "
      "WHERE words MATCH ? ORDER BY rank LIMIT ?) w JOIN chunks c ON c.id = "
      "w.rowid ORDER BY w.rank, w.rowid");
  row.bind(words).bind(among == nullptr ? limit : int64_t{-1});
  while (static_cast<int64_t>(matches.size()) < limit && row.step()) {
    const Match match{row.integer(0), row.integer(1), -row.real(2)};
    if (among == nullptr || among->contains(match.document)) {
      matches.push_back(match);
    }
  }
  return matches;
}

std::vector<Match> DocumentIndex::search_vectors(
    std::span<const float> query,
    int64_t limit,
    const DocumentSet* among) {
  std::vector<Match> best;  // a heap, the worst on top
  std::vector<float> scores;
  const auto dimension = static_cast<int64_t>(query.size());
  Statement row(
      database_,
      "SELECT d.id, d.first_chunk, d.chunks, v.data FROM vectors v JOIN "
      "documents d ON d.id = v.document");
  while (row.step()) {
    if (among != nullptr && !among->contains(row.integer(0))) {
      continue;
    }
    const int64_t count = row.integer(2);
    const std::span<const std::byte> data = row.blob(3);
    if (static_cast<int64_t>(data.size()) != count * dimension * 2) {
      fail(
          ErrorCode::invalid_file,
          "{}: the index is damaged (vectors of document {}); delete it and "
          "add the documents again",
          path(),
          row.integer(0));
    }
    scores.resize(static_cast<size_t>(count));
    kernels::dot_rows_f16(
        reinterpret_cast<const uint16_t*>(data.data()),
        count,
        dimension,
        query.data(),
        scores.data());
    for (int64_t i = 0; i < count; ++i) {
      const Match match{
          row.integer(1) + i, row.integer(0), scores[static_cast<size_t>(i)]};
      if (static_cast<int64_t>(best.size()) < limit) {
        best.push_back(match);
        std::ranges::push_heap(best, better);
      } else if (limit > 0 && better(match, best.front())) {
        std::ranges::pop_heap(best, better);
        best.back() = match;
        std::ranges::push_heap(best, better);
      }
    }
  }
  std::ranges::sort(best, better);
  return best;
}

}  // namespace bantam
