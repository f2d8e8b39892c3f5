// SPDX-License-Identifier: MIT
#include "retrieval/document_index.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/half.h"

namespace bantam {

namespace {

constexpr int64_t kApplication = 0x62616E74;  // "bant"
constexpr int64_t kVersion = 1;

// Vectors are float16: half the file and half the time of a scan, at an error
// of 2^-12 of a value, below what tells two texts apart. Those of a document
// lie in one blob, by chunk; the chunks' ids follow each other.
constexpr const char* kTables = R"sql(
CREATE TABLE model (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  fingerprint TEXT NOT NULL,
  dimension INTEGER NOT NULL
);
CREATE TABLE documents (
  id INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  encoding TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  first_chunk INTEGER NOT NULL,
  chunks INTEGER NOT NULL
);
CREATE TABLE chunks (
  id INTEGER PRIMARY KEY,
  document INTEGER NOT NULL,
  byte_begin INTEGER NOT NULL,
  byte_end INTEGER NOT NULL,
  line_first INTEGER NOT NULL,
  line_last INTEGER NOT NULL,
  heading TEXT NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX chunks_document ON chunks (document);
CREATE TABLE vectors (
  document INTEGER PRIMARY KEY,
  data BLOB NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5 (
  heading, text, content = 'chunks', content_rowid = 'id',
  tokenize = "porter unicode61 remove_diacritics 2"
);
INSERT INTO words (words, rank) VALUES ('rank', 'bm25(2.0, 1.0)');
CREATE TRIGGER chunks_added AFTER INSERT ON chunks BEGIN
  INSERT INTO words (rowid, heading, text)
  VALUES (new.id, new.heading, new.text);
END;
CREATE TRIGGER chunks_removed AFTER DELETE ON chunks BEGIN
  INSERT INTO words (words, rowid, heading, text)
  VALUES ('delete', old.id, old.heading, old.text);
END;
)sql";

constexpr std::string_view kDocumentColumns =
    "id, path, kind, encoding, bytes, sha256, chunks";

Document document_of_row(const Statement& row) {
  return {
      .id = row.integer(0),
      .path = std::string(row.text(1)),
      .kind = std::string(row.text(2)),
      .encoding = std::string(row.text(3)),
      .bytes = row.integer(4),
      .sha256 = std::string(row.text(5)),
      .chunks = row.integer(6)};
}

std::vector<uint16_t> as_halves(std::span<const float> values) {
  std::vector<uint16_t> halves(values.size());
  std::ranges::transform(values, halves.begin(), [](float value) {
    return kernels::f32_to_f16(value);  // always inlined: has no address
  });
  return halves;
}

void remove_document(Database& database, int64_t id) {
  for (const char* sql :
       {"DELETE FROM chunks WHERE document = ?",
        "DELETE FROM vectors WHERE document = ?",
        "DELETE FROM documents WHERE id = ?"}) {
    Statement(database, sql).bind(id).run();
  }
}

}  // namespace

DocumentIndex::DocumentIndex(const std::string& path, DatabaseMode mode)
    : database_(path, mode) {
  const int64_t tables =
      database_.integer("SELECT count(*) FROM sqlite_schema");
  if (tables == 0 && mode == DatabaseMode::create) {
    create_tables();
  }
  const int64_t application = database_.integer("PRAGMA application_id");
  if (application != kApplication) {
    fail(
        ErrorCode::invalid_file,
        "{}: not an index: {}",
        path,
        tables == 0 ? "it is empty; bantam index add makes one"
                    : "it is an SQLite file of another program");
  }
  const int64_t version = database_.integer("PRAGMA user_version");
  if (version != kVersion) {
    fail(
        ErrorCode::unsupported,
        "{}: the index has format {}, this bantam reads format {}; make a new "
        "one with bantam index add",
        path,
        version,
        kVersion);
  }
  // Commits need not reach the disk at once: after a power cut the index is
  // sound and lacks the last documents, which the next `add` sees.
  database_.execute("PRAGMA synchronous = NORMAL");
}

void DocumentIndex::create_tables() {
  database_.execute("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL");
  Transaction transaction(database_, Transaction::Kind::write);
  // Another process may have been quicker.
  if (database_.integer("SELECT count(*) FROM sqlite_schema") == 0) {
    database_.execute(kTables);
    const std::string marks = fmt::format(
        "PRAGMA application_id = {}; PRAGMA user_version = {}",
        kApplication,
        kVersion);
    database_.execute(marks.c_str());
  }
  transaction.commit();
}

std::optional<VectorModel> DocumentIndex::model() {
  Statement row(database_, "SELECT fingerprint, dimension FROM model");
  if (!row.step()) {
    return std::nullopt;
  }
  return VectorModel{std::string(row.text(0)), row.integer(1)};
}

void DocumentIndex::check_model(const VectorModel& wanted) {
  const std::optional<VectorModel> there = model();
  if (there &&
      (there->fingerprint != wanted.fingerprint ||
       there->dimension != wanted.dimension)) {
    fail(
        ErrorCode::invalid_request,
        "{}: its vectors were made by another embedding model ({} of {} "
        "values, not {} of {}); use that one, or make another index",
        path(),
        there->fingerprint,
        there->dimension,
        wanted.fingerprint,
        wanted.dimension);
  }
}

std::optional<Document> DocumentIndex::find(std::string_view path) {
  Statement row(
      database_,
      fmt::format("SELECT {} FROM documents WHERE path = ?", kDocumentColumns));
  row.bind(path);
  if (!row.step()) {
    return std::nullopt;
  }
  return document_of_row(row);
}

std::vector<Document> DocumentIndex::documents() {
  std::vector<Document> out;
  Statement row(
      database_,
      fmt::format("SELECT {} FROM documents ORDER BY path", kDocumentColumns));
  while (row.step()) {
    out.push_back(document_of_row(row));
  }
  return out;
}

int64_t DocumentIndex::chunk_count() {
  return database_.integer("SELECT coalesce(sum(chunks), 0) FROM documents");
}

void DocumentIndex::write(const IndexedDocument& indexed) {
  const Document& document = indexed.document;
  Statement old(database_, "SELECT id FROM documents WHERE path = ?");
  old.bind(document.path);
  if (old.step()) {
    remove_document(database_, old.integer(0));
  }
  int64_t chunk =
      1 + database_.integer("SELECT coalesce(max(id), 0) FROM chunks");
  Statement(
      database_,
      "INSERT INTO documents (path, kind, encoding, bytes, sha256, "
      "first_chunk, chunks) VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(document.path)
      .bind(document.kind)
      .bind(document.encoding)
      .bind(document.bytes)
      .bind(document.sha256)
      .bind(chunk)
      .bind(static_cast<int64_t>(indexed.chunks.size()))
      .run();
  const int64_t id = database_.integer("SELECT last_insert_rowid()");
  Statement insert(
      database_,
      "INSERT INTO chunks (id, document, byte_begin, byte_end, line_first, "
      "line_last, heading, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  for (const Chunk& part : indexed.chunks) {
    insert.bind(chunk++)
        .bind(id)
        .bind(part.byte_begin)
        .bind(part.byte_end)
        .bind(part.line_first)
        .bind(part.line_last)
        .bind(part.heading)
        .bind(part.text)
        .run();
  }
  const std::vector<uint16_t> halves = as_halves(indexed.vectors);
  Statement(database_, "INSERT INTO vectors (document, data) VALUES (?, ?)")
      .bind(id)
      .bind(std::as_bytes(std::span(halves)))
      .run();
}

void DocumentIndex::put(
    std::span<const IndexedDocument> documents,
    const VectorModel& model) {
  Transaction transaction(database_, Transaction::Kind::write);
  check_model(model);
  Statement(
      database_,
      "INSERT OR IGNORE INTO model (id, fingerprint, dimension) "
      "VALUES (1, ?, ?)")
      .bind(model.fingerprint)
      .bind(model.dimension)
      .run();
  for (const IndexedDocument& document : documents) {
    if (static_cast<int64_t>(document.vectors.size()) !=
        static_cast<int64_t>(document.chunks.size()) * model.dimension) {
      fail(ErrorCode::internal, "index: a vector for each chunk is missing");
    }
    // Another process may have added the same content meanwhile.
    const std::optional<Document> there = find(document.document.path);
    if (!there || there->sha256 != document.document.sha256) {
      write(document);
    }
  }
  transaction.commit();
}

int64_t DocumentIndex::remove(std::string_view path) {
  Transaction transaction(database_, Transaction::Kind::write);
  const std::string below =
      std::string(path) + (path.ends_with('/') ? "" : "/");
  std::vector<int64_t> ids;
  {
    Statement row(
        database_,
        "SELECT id FROM documents WHERE path = ?1 OR substr(path, 1, "
        "length(?2)) = ?2");
    row.bind(path).bind(below);
    while (row.step()) {
      ids.push_back(row.integer(0));
    }
  }
  for (const int64_t id : ids) {
    remove_document(database_, id);
  }
  transaction.commit();
  return static_cast<int64_t>(ids.size());
}

DocumentIndex::ChunkPlace DocumentIndex::chunk(int64_t id) {
  Statement row(
      database_,
      "SELECT c.byte_begin, c.byte_end, c.line_first, c.line_last, c.heading, "
      "c.text, d.path, d.kind FROM chunks c JOIN documents d ON d.id = "
      "c.document WHERE c.id = ?");
  row.bind(id);
  if (!row.step()) {
    fail(
        ErrorCode::not_found,
        "{}: a document was removed while it was searched; ask again",
        path());
  }
  return {
      .chunk =
          {.byte_begin = row.integer(0),
           .byte_end = row.integer(1),
           .line_first = row.integer(2),
           .line_last = row.integer(3),
           .heading = std::string(row.text(4)),
           .text = std::string(row.text(5))},
      .path = std::string(row.text(6)),
      .kind = std::string(row.text(7))};
}

std::vector<std::string> DocumentIndex::check() {
  std::vector<std::string> problems;
  Statement row(database_, "PRAGMA integrity_check(10)");
  while (row.step()) {
    if (row.text(0) != "ok") {
      problems.emplace_back(row.text(0));
    }
  }
  try {
    database_.execute(
        "INSERT INTO words (words, rank) VALUES ('integrity-check', 1)");
  } catch (const Error& error) {
    problems.emplace_back(error.what());
  }
  const auto expect_none = [&](const char* what, const char* sql) {
    if (const int64_t count = database_.integer(sql); count > 0) {
      problems.push_back(fmt::format("{}: {}", what, count));
    }
  };
  expect_none(
      "documents whose chunks are not all there",
      "SELECT count(*) FROM documents d WHERE d.chunks <> (SELECT count(*) "
      "FROM chunks c WHERE c.document = d.id)");
  expect_none(
      "chunks of no document",
      "SELECT count(*) FROM chunks WHERE document NOT IN (SELECT id FROM "
      "documents)");
  expect_none(
      "documents without as many vectors as chunks",
      "SELECT count(*) FROM documents d LEFT JOIN vectors v ON v.document = "
      "d.id WHERE coalesce(length(v.data), -1) <> d.chunks * 2 * (SELECT "
      "dimension FROM model)");
  return problems;
}

std::string place_text(
    const std::string& path,
    const std::string& kind,
    const Chunk& chunk) {
  const std::string lines = chunk.line_first == chunk.line_last
      ? fmt::format("{}", chunk.line_first)
      : fmt::format("{}-{}", chunk.line_first, chunk.line_last);
  return kind == "pdf" ? fmt::format("{}: p. {}", path, lines)
                       : fmt::format("{}:{}", path, lines);
}

}  // namespace bantam
