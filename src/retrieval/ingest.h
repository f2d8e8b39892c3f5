// SPDX-License-Identifier: MIT
// Files into an index: read, decoded, cut into chunks, embedded, written. What
// has not changed since (by SHA-256) is left alone.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "retrieval/chunker.h"
#include "retrieval/document_index.h"
#include "retrieval/embedder.h"
#include "retrieval/file_reading.h"

namespace bantam {

struct IngestOptions {
  int64_t max_file_bytes = 16 << 20;
  ChunkLimits chunks;
};

struct IngestProgress {
  int64_t files_done = 0;
  int64_t files = 0;
  int64_t chunks_done = 0;
  std::string path;  // in work
};

struct IngestReport {
  int64_t added = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t removed = 0;  // no longer in a folder that was named
  int64_t chunks = 0;   // embedded
  int64_t bytes = 0;    // of files added and updated
  bool cancelled = false;
  std::vector<Skipped> skipped;
};

/// What reading files of up to `max_file_bytes` takes at the fullest: bytes,
/// text, chunks and their vectors (measured, docs/documents.md).
int64_t ingest_bytes(int64_t max_file_bytes);

/// Adds what `paths` name to the index. Throws not_found for a path that is not
/// there; a file that cannot be taken is in the report.
IngestReport ingest(
    DocumentIndex& index,
    Embedder& embedder,
    const std::vector<std::string>& paths,
    const IngestOptions& options = {},
    const std::function<void(const IngestProgress&)>& progress = {},
    std::stop_token stop = {});

/// A document as the index takes it, without vectors; or why there is none.
/// A file of the content `known_sha256` is not cut into chunks again.
using ReadDocument = std::variant<IndexedDocument, Skipped>;
ReadDocument read_document(
    const std::string& path,
    const IngestOptions& options,
    const TokenCount& count_tokens,
    std::stop_token stop = {},
    std::string_view known_sha256 = {});

/// What is embedded for a chunk: its heading, then its text.
std::string embedded_text(const Chunk& chunk);

}  // namespace bantam
