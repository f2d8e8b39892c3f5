// SPDX-License-Identifier: MIT
// The text of a document and its structure: where sections and blocks begin,
// under which heading, and where a place of the text lies in the source.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace bantam {

enum class DocumentKind { text, markdown, html, code, pdf };
const char* document_kind_name(DocumentKind kind);

/// By the file's name, else by how its content begins.
DocumentKind document_kind_of(std::string_view path, std::string_view content);

struct Section {
  size_t begin = 0;     // in the text, ascending; sections follow each other
  std::string heading;  // "Usage > Options"; may be empty
};

/// From here on, text[begin + i] is source[source + i].
struct SourceMark {
  size_t begin = 0;
  size_t source = 0;
};

struct DocumentText {
  std::string text;
  std::vector<Section> sections;  // the first begins at 0
  std::vector<size_t> blocks;     // beginnings of paragraphs, ascending
  std::vector<SourceMark> marks;  // empty: the text is the source
};

/// Cuts `source`, the decoded content of a file, into sections and blocks. Time
/// and memory are linear in its length, whatever it holds.
DocumentText structure_document(DocumentKind kind, std::string source);

/// The text of a page, without markup, scripts and styles.
DocumentText structure_html(std::string_view source);

/// Headings above a place, outermost first.
class HeadingPath {
 public:
  /// A heading of `level` closes those of the same level and deeper ones.
  void enter(int level, std::string_view heading);
  /// "Usage > Options", the innermost parts if it is long.
  std::string text() const;
  bool empty() const { return levels_.empty(); }

 private:
  struct Level {
    int level;
    std::string heading;
  };
  std::vector<Level> levels_;
};

}  // namespace bantam
