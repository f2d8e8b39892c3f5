// SPDX-License-Identifier: MIT
#include "retrieval/hybrid_search.h"

#include <algorithm>
#include <unordered_map>

namespace bantam {

namespace {

// The paper's constant: a first place is worth little more than a second one.
constexpr double kRankOffset = 60;

struct Candidate {
  Match match;
  std::optional<int64_t> word_rank;
  std::optional<int64_t> vector_rank;
};

using Candidates = std::unordered_map<int64_t, Candidate>;

void add_ranks(
    const std::vector<Match>& matches,
    std::optional<int64_t> Candidate::* rank,
    Candidates& to) {
  int64_t place = 0;
  for (size_t i = 0; i < matches.size(); ++i) {
    // Equals share a place: which of them stands first says nothing.
    if (i == 0 || matches[i].score != matches[i - 1].score) {
      place = static_cast<int64_t>(i) + 1;
    }
    Candidate& candidate = to[matches[i].chunk];
    candidate.match.chunk = matches[i].chunk;
    candidate.match.document = matches[i].document;
    candidate.match.score += 1.0 / (kRankOffset + static_cast<double>(place));
    candidate.*rank = place;
  }
}

std::vector<Candidate> ranked(const Candidates& candidates) {
  std::vector<Candidate> out;
  for (const auto& [id, candidate] : candidates) {
    out.push_back(candidate);
  }
  std::ranges::sort(out, [](const Candidate& a, const Candidate& b) {
    return a.match.score > b.match.score ||
        (a.match.score == b.match.score && a.match.chunk < b.match.chunk);
  });
  return out;
}

// The best `limit`, no file more often than `per_file` unless places are left.
std::vector<Candidate> spread(
    const std::vector<Candidate>& all,
    int64_t limit,
    int64_t per_file) {
  std::vector<Candidate> taken, put_back;
  std::unordered_map<int64_t, int64_t> of_file;
  for (const Candidate& candidate : all) {
    if (static_cast<int64_t>(taken.size()) == limit) {
      return taken;
    }
    if (per_file > 0 && ++of_file[candidate.match.document] > per_file) {
      put_back.push_back(candidate);
    } else {
      taken.push_back(candidate);
    }
  }
  for (const Candidate& candidate : put_back) {
    if (static_cast<int64_t>(taken.size()) == limit) {
      break;
    }
    taken.push_back(candidate);
  }
  return taken;
}

}  // namespace

std::vector<Hit> search(
    DocumentIndex& index,
    std::string_view query,
    std::span<const float> vector,
    const SearchOptions& options) {
  const int64_t wanted = std::max(options.candidates, options.limit);
  const auto reading = index.read();
  const DocumentSet documents = options.among.empty()
      ? DocumentSet{}
      : index.documents_below(options.among);
  const DocumentSet* among = options.among.empty() ? nullptr : &documents;
  Candidates candidates;
  if (options.mode != SearchMode::vectors) {
    add_ranks(
        index.search_words(query, wanted, among),
        &Candidate::word_rank,
        candidates);
  }
  if (options.mode != SearchMode::words) {
    add_ranks(
        index.search_vectors(vector, wanted, among),
        &Candidate::vector_rank,
        candidates);
  }
  std::vector<Hit> hits;
  for (const Candidate& candidate :
       spread(ranked(candidates), options.limit, options.per_file)) {
    DocumentIndex::ChunkPlace place = index.chunk(candidate.match.chunk);
    hits.push_back(
        {.chunk_id = candidate.match.chunk,
         .score = candidate.match.score,
         .word_rank = candidate.word_rank,
         .vector_rank = candidate.vector_rank,
         .path = std::move(place.path),
         .kind = std::move(place.kind),
         .chunk = std::move(place.chunk)});
  }
  return hits;
}

}  // namespace bantam
