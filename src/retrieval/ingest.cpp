// SPDX-License-Identifier: MIT
#include "retrieval/ingest.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/sha256.h"
#include "retrieval/document_text.h"
#include "retrieval/pdf_text.h"
#include "retrieval/source_text.h"

namespace bantam {

namespace {

// Chunks embedded before they are written, of as many documents as it takes:
// some seconds of work, which is what a crash costs.
constexpr size_t kChunksAtOnce = 64;

// From an offset into the text to one into what was decoded.
class SourceOffsets {
 public:
  explicit SourceOffsets(const DocumentText& document) : document_(document) {}

  size_t at(size_t offset) {
    const auto& marks = document_.marks;
    if (marks.empty()) {
      return offset;
    }
    const auto after = std::ranges::upper_bound(
        marks, offset, {}, [](const SourceMark& mark) { return mark.begin; });
    return after == marks.begin()
        ? 0
        : std::prev(after)->source + (offset - std::prev(after)->begin);
  }

 private:
  const DocumentText& document_;
};

std::string_view trim_lines(std::string_view text) {
  const size_t first = text.find_first_not_of("\r\n \t\f");
  if (first == text.npos) {
    return {};
  }
  // Keep the first line's indentation.
  const size_t line = text.rfind('\n', first);
  text.remove_prefix(line == text.npos ? 0 : line + 1);
  return text.substr(0, text.find_last_not_of("\r\n \t\f") + 1);
}

// Spans to chunks with their places. Chunks overlap, so beginnings and ends are
// walked apart, each in order.
std::vector<Chunk> locate_chunks(
    const DocumentText& document,
    const std::vector<ChunkSpan>& spans,
    const DecodedText& decoded,
    std::string_view source,
    char line_end) {
  SourceOffsets offsets(document);
  ByteOffsets first_bytes(decoded), last_bytes(decoded);
  LineNumbers first_lines(source, line_end), last_lines(source, line_end);
  std::vector<Chunk> chunks;
  for (const ChunkSpan& span : spans) {
    const std::string_view whole =
        std::string_view(document.text)
            .substr(span.begin, span.end - span.begin);
    const std::string_view text = trim_lines(whole);
    if (text.empty()) {
      continue;
    }
    const size_t begin =
        static_cast<size_t>(text.data() - document.text.data());
    const size_t last = begin + text.size() - 1;
    const size_t source_begin = offsets.at(begin);
    const size_t source_last = offsets.at(last);
    chunks.push_back(
        {.byte_begin = first_bytes.at(source_begin),
         .byte_end = last_bytes.at(source_last + 1),
         .line_first = first_lines.at(source_begin),
         .line_last = last_lines.at(source_last),
         .heading = document.sections[span.section].heading,
         .text = std::string(text)});
  }
  return chunks;
}

bool names_folder(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

class Ingest {
 public:
  Ingest(
      DocumentIndex& index,
      Embedder& embedder,
      const IngestOptions& options,
      const std::function<void(const IngestProgress&)>& progress,
      std::stop_token stop)
      : index_(index),
        embedder_(embedder),
        options_(options),
        progress_(progress),
        stop_(std::move(stop)) {}

  IngestReport run(const std::vector<std::string>& paths) {
    index_.check_model(model());
    for (const std::string& path : paths) {
      walk_files(
          absolute_path(path),
          [&](const std::string& file) { files_.insert(file); },
          [&](const Skipped& skipped) { report_.skipped.push_back(skipped); });
    }
    state_.files = static_cast<int64_t>(files_.size());
    for (const std::string& file : files_) {
      if (stop_.stop_requested()) {
        break;
      }
      add(file);
      ++state_.files_done;
    }
    flush();
    report_.cancelled = stop_.stop_requested();
    if (!report_.cancelled) {
      remove_missing(paths);
    }
    return std::move(report_);
  }

 private:
  VectorModel model() const {
    return {embedder_.fingerprint(), embedder_.dimension()};
  }

  void tell(const std::string& path) {
    if (progress_) {
      state_.path = path;
      progress_(state_);
    }
  }

  void add(const std::string& file) {
    tell(file);
    const std::optional<Document> there = index_.find(file);
    ReadDocument read = read_document(
        file,
        options_,
        [&](std::string_view text) { return embedder_.count_tokens(text); },
        stop_,
        there ? std::string_view(there->sha256) : std::string_view());
    if (Skipped* skipped = std::get_if<Skipped>(&read)) {
      if (there && skipped->reason != SkipReason::changing &&
          skipped->reason != SkipReason::unreadable &&
          skipped->reason != SkipReason::pdf_reader) {
        report_.removed += index_.remove(file);
      }
      report_.skipped.push_back(std::move(*skipped));
      return;
    }
    auto& document = std::get<IndexedDocument>(read);
    if (there && there->sha256 == document.document.sha256) {
      ++report_.unchanged;
      return;
    }
    pending_chunks_ += document.chunks.size();
    pending_updates_ += there ? 1 : 0;
    pending_.push_back(std::move(document));
    if (pending_chunks_ >= kChunksAtOnce) {
      flush();
    }
  }

  // False if it was told to stop.
  bool embed(IndexedDocument& document) {
    for (size_t first = 0; first < document.chunks.size();) {
      if (stop_.stop_requested()) {
        return false;
      }
      const size_t end =
          std::min(first + kChunksAtOnce / 4, document.chunks.size());
      std::vector<std::string> texts;
      for (size_t i = first; i < end; ++i) {
        texts.push_back(embedded_text(document.chunks[i]));
      }
      const std::vector<float> vectors = embedder_.embed(texts);
      document.vectors.insert(
          document.vectors.end(), vectors.begin(), vectors.end());
      state_.chunks_done += static_cast<int64_t>(end - first);
      first = end;
      tell(document.document.path);
    }
    return true;
  }

  void flush() {
    for (IndexedDocument& document : pending_) {
      if (!embed(document)) {
        pending_.clear();
        return;
      }
    }
    if (!pending_.empty()) {
      index_.put(pending_, model());
      for (const IndexedDocument& document : pending_) {
        report_.chunks += static_cast<int64_t>(document.chunks.size());
        report_.bytes += document.document.bytes;
      }
      report_.updated += pending_updates_;
      report_.added += static_cast<int64_t>(pending_.size()) - pending_updates_;
    }
    pending_.clear();
    pending_chunks_ = 0;
    pending_updates_ = 0;
  }

  // Documents of the folders that were named whose files are gone.
  void remove_missing(const std::vector<std::string>& paths) {
    std::vector<std::string> folders;
    for (const std::string& path : paths) {
      if (std::string folder = absolute_path(path); names_folder(folder)) {
        folders.push_back(std::move(folder) + "/");
      }
    }
    for (const Document& document : index_.documents()) {
      const bool below = std::ranges::any_of(folders, [&](const auto& folder) {
        return document.path.starts_with(folder);
      });
      struct stat status{};
      if (below && !files_.contains(document.path) &&
          ::stat(document.path.c_str(), &status) != 0) {
        report_.removed += index_.remove(document.path);
      }
    }
  }

  DocumentIndex& index_;
  Embedder& embedder_;
  const IngestOptions& options_;
  const std::function<void(const IngestProgress&)>& progress_;
  std::stop_token stop_;
  std::set<std::string> files_;
  std::vector<IndexedDocument> pending_;
  size_t pending_chunks_ = 0;
  int64_t pending_updates_ = 0;
  IngestProgress state_;
  IngestReport report_;
};

}  // namespace

int64_t ingest_bytes(int64_t max_file_bytes) {
  return 7 * max_file_bytes;
}

IngestReport ingest(
    DocumentIndex& index,
    Embedder& embedder,
    const std::vector<std::string>& paths,
    const IngestOptions& options,
    const std::function<void(const IngestProgress&)>& progress,
    std::stop_token stop) {
  return Ingest(index, embedder, options, progress, std::move(stop)).run(paths);
}

std::string embedded_text(const Chunk& chunk) {
  return chunk.heading.empty() ? chunk.text : chunk.heading + "\n" + chunk.text;
}

ReadDocument read_document(
    const std::string& path,
    const IngestOptions& options,
    const TokenCount& count_tokens,
    std::stop_token stop,
    std::string_view known_sha256) {
  auto read = read_steady_file(path, options.max_file_bytes);
  if (Skipped* skipped = std::get_if<Skipped>(&read)) {
    return std::move(*skipped);
  }
  auto& bytes = std::get<std::string>(read);
  IndexedDocument out;
  out.document.path = path;
  out.document.bytes = static_cast<int64_t>(bytes.size());
  out.document.sha256 = sha256_of(bytes);
  if (out.document.sha256 == known_sha256) {
    return out;
  }
  if (const std::string_view kind = archive_kind(bytes); !kind.empty()) {
    return Skipped{
        path,
        SkipReason::archive,
        fmt::format("{} is not opened; unpack it first", kind)};
  }
  DocumentKind kind = document_kind_of(path, bytes);
  DecodedText decoded;
  if (kind == DocumentKind::pdf) {
    bytes.clear();
    bytes.shrink_to_fit();
    auto text = pdf_text(path, options.max_file_bytes, std::move(stop));
    if (Skipped* skipped = std::get_if<Skipped>(&text)) {
      return std::move(*skipped);
    }
    decoded.text = std::move(std::get<std::string>(text));
  } else {
    auto text = decode_text(bytes);
    if (!text) {
      return Skipped{path, SkipReason::binary, ""};
    }
    decoded = std::move(*text);
    kind = document_kind_of(path, decoded.text);
    bytes.clear();
    bytes.shrink_to_fit();
  }
  out.document.kind = document_kind_name(kind);
  out.document.encoding = encoding_name(decoded.encoding);
  const DocumentText document = structure_document(kind, decoded.text);
  const char line_end = kind == DocumentKind::pdf ? '\f' : '\n';
  out.chunks = locate_chunks(
      document,
      cut_chunks(document, options.chunks, count_tokens),
      decoded,
      decoded.text,
      line_end);
  out.document.chunks = static_cast<int64_t>(out.chunks.size());
  return out;
}

}  // namespace bantam
