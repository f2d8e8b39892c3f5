// SPDX-License-Identifier: MIT
// Search by words and by meaning at once: reciprocal rank fusion of BM25 and
// the vectors (Cormack, Clarke and Buettcher 2009), and a limit for how many
// places one file may take.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "retrieval/document_index.h"

namespace bantam {

enum class SearchMode { fusion, words, vectors };

struct SearchOptions {
  int64_t limit = 8;
  /// Chunks of one file, as long as other files have any; 0: no limit.
  int64_t per_file = 3;
  SearchMode mode = SearchMode::fusion;
  /// Of each search, how many are fused.
  int64_t candidates = 100;
  /// Absolute paths of files and folders to search; empty: all.
  std::vector<std::string> among;
};

struct Hit {
  int64_t chunk_id = 0;
  double score = 0;
  std::optional<int64_t> word_rank;  // from 1
  std::optional<int64_t> vector_rank;
  std::string path;
  std::string kind;
  Chunk chunk;

  std::string place() const { return place_text(path, kind, chunk); }
};

/// The best first. `vector`: the query's; may be empty with SearchMode::words.
std::vector<Hit> search(
    DocumentIndex& index,
    std::string_view query,
    std::span<const float> vector,
    const SearchOptions& options = {});

}  // namespace bantam
