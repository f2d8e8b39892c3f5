// SPDX-License-Identifier: MIT
// The index that `ask` reads: one SQLite file of documents, their chunks, a
// full-text index of these (FTS5) and a vector for each.
//
// A document is written in one transaction with all its chunks and vectors, so
// whenever a process dies, it is there whole, as it was before, or not at all.
// Several processes may read and write at once (write-ahead log); a writer
// waits for another one for 30 s.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "retrieval/database.h"

namespace bantam {

/// A part of a document, by where it lies in the file: bytes [byte_begin,
/// byte_end), lines first to last from 1 (of a PDF: pages).
struct Chunk {
  int64_t byte_begin = 0;
  int64_t byte_end = 0;
  int64_t line_first = 0;
  int64_t line_last = 0;
  std::string heading;  // what it stands under: "Usage > Options"
  std::string text;
};

struct Document {
  int64_t id = 0;
  std::string path;      // absolute
  std::string kind;      // "text", "markdown", "html", "code", "pdf"
  std::string encoding;  // "utf-8", "utf-16le", ...
  int64_t bytes = 0;
  std::string sha256;  // of the file
  int64_t chunks = 0;
};

/// Which model made the vectors. Those of another one do not compare.
struct VectorModel {
  std::string fingerprint;
  int64_t dimension = 0;
};

struct IndexedDocument {
  Document document;
  std::vector<Chunk> chunks;
  std::vector<float> vectors;  // [chunks, dimension]
};

/// A chunk that a search found; the higher the score, the better.
struct Match {
  int64_t chunk = 0;
  int64_t document = 0;
  double score = 0;
};

using DocumentSet = std::unordered_set<int64_t>;

class DocumentIndex {
 public:
  /// Throws not_found, invalid_file (damaged, or another program's file),
  /// unsupported (of a newer bantam).
  DocumentIndex(const std::string& path, DatabaseMode mode);

  const std::string& path() const { return database_.path(); }

  /// While it lives, this process sees the index as it is now.
  Transaction read() { return Transaction(database_, Transaction::Kind::read); }

  std::optional<VectorModel> model();
  /// Throws invalid_request if the index has vectors of another model.
  void check_model(const VectorModel& model);

  std::optional<Document> find(std::string_view path);
  /// All, by path.
  std::vector<Document> documents();
  int64_t chunk_count();

  /// Writes these, replacing those of the same path, all in one transaction.
  void put(
      std::span<const IndexedDocument> documents,
      const VectorModel& model);
  /// Removes a document, or all below a folder. Returns how many.
  int64_t remove(std::string_view path);

  /// Ids of the documents that are one of `paths` or below one.
  DocumentSet documents_below(const std::vector<std::string>& paths);

  /// The best `limit` by BM25, headings counting double. `among`: null for all
  /// documents.
  std::vector<Match> search_words(
      std::string_view query,
      int64_t limit,
      const DocumentSet* among = nullptr);
  /// The best `limit` by the dot product with `query`, of all vectors.
  std::vector<Match> search_vectors(
      std::span<const float> query,
      int64_t limit,
      const DocumentSet* among = nullptr);

  struct ChunkPlace {
    Chunk chunk;
    std::string path;
    std::string kind;
  };
  /// Throws not_found: another process removed it.
  ChunkPlace chunk(int64_t id);

  /// Problems that a full check finds, a line each; none: all is well. The
  /// index must be open for writing.
  std::vector<std::string> check();

 private:
  void open_file(DatabaseMode mode);
  void create_tables();
  void write(const IndexedDocument& document);

  Database database_;
};

/// "notes.md:3-17", "paper.pdf: p. 4".
std::string place_text(
    const std::string& path,
    const std::string& kind,
    const Chunk& chunk);

/// The words of a query as FTS5 wants them: quoted, joined by OR, without those
/// that say nothing; "" if there are none.
std::string words_query(std::string_view query);

}  // namespace bantam
