// SPDX-License-Identifier: MIT
#include "retrieval/document_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>

#include "retrieval/white_space.h"

namespace bantam {

namespace {

// More would not leave a chunk enough room for its text.
constexpr size_t kLongestHeading = 120;

struct Line {
  size_t begin;
  std::string_view text;  // without the line end
};

// Calls body(line) for each line.
template <class Body>
void each_line(std::string_view text, const Body& body) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    size_t last = end;
    if (last > at && text[last - 1] == '\r') {
      --last;
    }
    body(Line{at, text.substr(at, last - at)});
    at = end + 1;
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// Cut at a character's boundary.
std::string_view shorten(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) {
    return text;
  }
  while (bytes > 0 &&
         (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) {
    --bytes;
  }
  return text.substr(0, bytes);
}

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

// Collects what a structure finds; blocks begin after blank lines.
class Outline {
 public:
  explicit Outline(DocumentText& document) : document_(document) {
    document.sections.push_back({0, ""});
  }

  void line(const Line& line) {
    const bool blank = is_blank(line.text);
    if (!blank && after_blank_) {
      document_.blocks.push_back(line.begin);
    }
    after_blank_ = blank;
  }

  void heading(size_t begin, int level, std::string_view text) {
    path_.enter(level, trim(text));
    section(begin, path_.text());
  }

  void section(size_t begin, std::string heading) {
    if (document_.sections.back().begin == begin) {
      document_.sections.back().heading = std::move(heading);
    } else {
      document_.sections.push_back({begin, std::move(heading)});
    }
  }

 private:
  DocumentText& document_;
  HeadingPath path_;
  bool after_blank_ = true;
};

// The level of "## Usage", 0 if the line is no such heading.
int hash_level(std::string_view line) {
  const size_t hashes = std::min(line.find_first_not_of('#'), line.size());
  const bool spaced = hashes < line.size() && line[hashes] == ' ';
  return hashes >= 1 && hashes <= 6 && spaced ? static_cast<int>(hashes) : 0;
}

// The character of a line of at least three like it, else '\0'.
char underline(std::string_view line) {
  line = trim(line);
  constexpr std::string_view kMarks = "=-~^\"'*+#`_.:";
  if (line.size() < 3 || kMarks.find(line.front()) == kMarks.npos ||
      line.find_first_not_of(line.front()) != line.npos) {
    return '\0';
  }
  return line.front();
}

void structure_markdown(DocumentText& document) {
  Outline outline(document);
  bool fenced = false;
  Line before{0, {}};
  each_line(document.text, [&](const Line& line) {
    outline.line(line);
    const std::string_view text = trim(line.text);
    if (text.starts_with("```") || text.starts_with("~~~")) {
      fenced = !fenced;
    } else if (!fenced) {
      const char mark = underline(line.text);
      if (const int level = hash_level(line.text); level > 0) {
        std::string_view title =
            trim(line.text.substr(static_cast<size_t>(level)));
        while (title.ends_with('#')) {
          title.remove_suffix(1);
        }
        outline.heading(line.begin, level, title);
      } else if ((mark == '=' || mark == '-') && !is_blank(before.text)) {
        outline.heading(before.begin, mark == '=' ? 1 : 2, before.text);
      }
    }
    before = line;
  });
}

// "SEE ALSO": a manual page's headings.
bool is_capital_heading(std::string_view line) {
  if (line.empty() || line.size() > 60 || !is_letter(line.front())) {
    return false;
  }
  const auto letters = std::ranges::count_if(line, is_letter);
  return letters >= 3 &&
      std::ranges::none_of(line, [](char c) { return c >= 'a' && c <= 'z'; });
}

// Capital headings, and those underlined as in reStructuredText, whose levels
// are in the order in which the marks come.
void structure_text(DocumentText& document) {
  Outline outline(document);
  std::string marks;
  Line before{0, {}};
  each_line(document.text, [&](const Line& line) {
    outline.line(line);
    const char mark = underline(line.text);
    if (mark != '\0' && !is_blank(before.text) &&
        underline(before.text) == '\0' &&
        trim(line.text).size() + 2 >= trim(before.text).size() &&
        !is_space(before.text.front())) {
      if (marks.find(mark) == marks.npos) {
        marks += mark;
      }
      outline.heading(
          before.begin, 2 + static_cast<int>(marks.find(mark)), before.text);
    } else if (is_capital_heading(line.text)) {
      outline.heading(line.begin, 1, line.text);
    }
    before = line;
  });
}

bool begins_definition(std::string_view line) {
  constexpr std::array<std::string_view, 22> kWords = {
      "class ",   "struct ",   "enum ",      "union ",     "def ",   "fn ",
      "func ",    "function ", "impl ",      "interface ", "trait ", "module ",
      "type ",    "pub ",      "export ",    "template",   "async ", "public ",
      "private ", "static ",   "namespace ", "sub "};
  if (line.empty() || (!is_letter(line.front()) && line.front() != '_')) {
    return false;
  }
  return line.find('(') != line.npos ||
      std::ranges::any_of(
             kWords, [&](auto word) { return line.starts_with(word); });
}

// Comments and decorators belong to the definition below them.
bool leads_definition(std::string_view line) {
  const std::string_view text = trim(line);
  return text.starts_with("//") || text.starts_with('#') ||
      text.starts_with("/*") || text.starts_with('*') ||
      text.starts_with('@') || text.starts_with("--") ||
      text.starts_with("template");
}

// Definitions that begin at the left edge.
void structure_code(DocumentText& document) {
  Outline outline(document);
  size_t lead = std::string::npos;  // where the comment above begins
  each_line(document.text, [&](const Line& line) {
    outline.line(line);
    if (begins_definition(line.text)) {
      outline.section(
          lead == std::string::npos ? line.begin : lead,
          std::string(shorten(trim(line.text), kLongestHeading)));
      lead = std::string::npos;
    } else if (leads_definition(line.text)) {
      lead = lead == std::string::npos ? line.begin : lead;
    } else {
      lead = std::string::npos;
    }
  });
}

void structure_plain(DocumentText& document) {
  Outline outline(document);
  each_line(document.text, [&](const Line& line) { outline.line(line); });
}

constexpr std::string_view kCodeNames =
    " .c .cc .cpp .cxx .h .hh .hpp .hxx .inc .m .mm .py .pyi .rb .pl .pm .php "
    ".js .mjs .cjs .jsx .ts .tsx .java .kt .kts .scala .go .rs .swift .cs .fs "
    ".lua .r .jl .hs .ml .mli .ex .exs .erl .clj .dart .zig .nim .v .sv .vhd "
    ".sh .bash .zsh .fish .ps1 .bat .sql .cmake .make .mk .gradle .groovy "
    ".proto .thrift .cu .cuh .metal .glsl .asm .s .vim .el .lisp .scm .tf ";

bool begins_with_tag(std::string_view content, std::string_view tag) {
  if (content.size() < tag.size()) {
    return false;
  }
  return std::ranges::equal(
      content.substr(0, tag.size()), tag, [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == b;
      });
}

}  // namespace

const char* document_kind_name(DocumentKind kind) {
  switch (kind) {
    case DocumentKind::text:
      return "text";
    case DocumentKind::markdown:
      return "markdown";
    case DocumentKind::html:
      return "html";
    case DocumentKind::code:
      return "code";
    case DocumentKind::pdf:
      return "pdf";
  }
  return "";
}

DocumentKind document_kind_of(std::string_view path, std::string_view content) {
  std::string name = std::filesystem::path(path).extension().string();
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  if (content.starts_with("%PDF-")) {
    return DocumentKind::pdf;
  }
  if (name == ".md" || name == ".markdown" || name == ".mdx") {
    return DocumentKind::markdown;
  }
  const std::string_view begin = trim(content.substr(0, 256));
  if (name == ".html" || name == ".htm" || name == ".xhtml" ||
      begins_with_tag(begin, "<!doctype html") ||
      begins_with_tag(begin, "<html")) {
    return DocumentKind::html;
  }
  if ((!name.empty() && kCodeNames.find(" " + name + " ") != kCodeNames.npos) ||
      content.starts_with("#!")) {
    return DocumentKind::code;
  }
  return DocumentKind::text;
}

void HeadingPath::enter(int level, std::string_view heading) {
  while (!levels_.empty() && levels_.back().level >= level) {
    levels_.pop_back();
  }
  if (!heading.empty()) {
    levels_.push_back({level, std::string(shorten(heading, kLongestHeading))});
  }
}

std::string HeadingPath::text() const {
  std::string out;
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (!out.empty() && out.size() + level->heading.size() > kLongestHeading) {
      break;
    }
    out = level->heading + (out.empty() ? "" : " > ") + out;
  }
  return out;
}

DocumentText structure_document(DocumentKind kind, std::string source) {
  if (kind == DocumentKind::html) {
    return structure_html(source);
  }
  DocumentText document;
  document.text = std::move(source);
  switch (kind) {
    case DocumentKind::markdown:
      structure_markdown(document);
      break;
    case DocumentKind::code:
      structure_code(document);
      break;
    case DocumentKind::text:
      structure_text(document);
      break;
    default:
      structure_plain(document);
  }
  return document;
}

}  // namespace bantam
