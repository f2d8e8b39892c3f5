// SPDX-License-Identifier: MIT
#include "retrieval/chunker.h"

#include <algorithm>

#include "retrieval/white_space.h"

namespace bantam {

namespace {

// Pieces that chunks are put together from: a line, a sentence, or less.
constexpr size_t kAtomBytes = 320;

struct Atom {
  size_t begin;
  size_t end;
  int64_t tokens;
  bool begins_block;
  bool begins_section;
};

// Where to cut text (longer than `most`) near its end: after a sentence, else
// after a blank, else between two characters.
size_t cut_within(std::string_view text, size_t most) {
  size_t blank = 0;
  for (size_t i = most; i > most / 2; --i) {
    if (is_space(text[i - 1])) {
      blank = blank == 0 ? i : blank;
      const char before = i >= 2 ? text[i - 2] : ' ';
      if (before == '.' || before == '!' || before == '?' || before == ';') {
        return i;
      }
    }
  }
  if (blank > 0) {
    return blank;
  }
  size_t cut = most;
  while (cut > 1 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) {
    --cut;
  }
  return cut;
}

class AtomList {
 public:
  AtomList(
      const DocumentText& document,
      int64_t most_tokens,
      const TokenCount& count_tokens)
      : document_(document),
        text_(document.text),
        most_tokens_(most_tokens),
        count_tokens_(count_tokens) {
    for (size_t at = 0; at < text_.size();) {
      const size_t end = std::min(text_.find('\n', at), text_.size() - 1) + 1;
      add_line(at, end);
      at = end;
    }
  }

  const std::vector<Atom>& atoms() const { return atoms_; }

 private:
  void add_line(size_t begin, size_t end) {
    while (end - begin > kAtomBytes) {
      const size_t cut =
          begin + cut_within(text_.substr(begin, end - begin), kAtomBytes);
      add(begin, cut);
      begin = cut;
    }
    add(begin, end);
  }

  // Halves what has too many tokens.
  void add(size_t begin, size_t end) {
    const std::string_view piece = text_.substr(begin, end - begin);
    const int64_t tokens = is_blank(piece) ? 0 : count_tokens_(piece);
    if (tokens > most_tokens_ && piece.size() > 8) {
      const size_t middle = begin + cut_within(piece, piece.size() / 2 + 1);
      add(begin, middle);
      add(middle, end);
      return;
    }
    atoms_.push_back(
        {begin,
         end,
         tokens,
         passes(
             document_.blocks,
             next_block_,
             begin,
             end,
             [](size_t at) { return at; }),
         passes(
             document_.sections,
             next_section_,
             begin,
             end,
             [](const Section& section) { return section.begin; })});
  }

  // Whether one of `marks` lies in [begin, end); `next` is the first that was
  // not passed.
  template <class Mark, class Place>
  static bool passes(
      const std::vector<Mark>& marks,
      size_t& next,
      size_t /*begin*/,
      size_t end,
      const Place& place) {
    const size_t before = next;
    while (next < marks.size() && place(marks[next]) < end) {
      ++next;
    }
    return next > before;
  }

  const DocumentText& document_;
  std::string_view text_;
  int64_t most_tokens_;
  const TokenCount& count_tokens_;
  std::vector<Atom> atoms_;
  size_t next_block_ = 0;
  size_t next_section_ = 0;
};

// One past the last atom of the chunk that begins with `first`.
size_t chunk_end(
    const std::vector<Atom>& atoms,
    size_t first,
    const ChunkLimits& limits) {
  int64_t tokens = 0;
  size_t end = first;
  size_t block = first;  // the last block's beginning that leaves a fair chunk
  while (end < atoms.size()) {
    const Atom& atom = atoms[end];
    if (end > first && atom.begins_section && tokens >= limits.least_tokens) {
      return end;
    }
    if (end > first && tokens + atom.tokens > limits.most_tokens) {
      return block > first ? block : end;
    }
    if (atom.begins_block && tokens >= limits.most_tokens / 2) {
      block = end;
    }
    tokens += atom.tokens;
    ++end;
  }
  return end;
}

// Where the chunk after one of [first, end) begins.
size_t next_first(
    const std::vector<Atom>& atoms,
    size_t first,
    size_t end,
    const ChunkLimits& limits) {
  if (end == atoms.size() || atoms[end].begins_section) {
    return end;
  }
  size_t next = end;
  int64_t tokens = 0;
  while (next > first + 1 &&
         tokens + atoms[next - 1].tokens <= limits.overlap_tokens) {
    tokens += atoms[next - 1].tokens;
    --next;
  }
  return next;
}

}  // namespace

std::vector<ChunkSpan> cut_chunks(
    const DocumentText& document,
    const ChunkLimits& limits,
    const TokenCount& count_tokens) {
  // With the overlap, a chunk has room for one more atom at least.
  const int64_t most_atom =
      std::max<int64_t>(1, (limits.most_tokens - limits.overlap_tokens) / 2);
  const AtomList list(document, most_atom, count_tokens);
  const std::vector<Atom>& atoms = list.atoms();
  std::vector<ChunkSpan> spans;
  size_t section = 0;
  for (size_t first = 0; first < atoms.size();) {
    const size_t end = chunk_end(atoms, first, limits);
    size_t from = first;
    size_t to = end;
    while (from < to && atoms[from].tokens == 0) {
      ++from;
    }
    while (to > from && atoms[to - 1].tokens == 0) {
      --to;
    }
    if (from < to) {
      while (section + 1 < document.sections.size() &&
             document.sections[section + 1].begin < atoms[from].end) {
        ++section;
      }
      spans.push_back({atoms[from].begin, atoms[to - 1].end, section});
    }
    first = next_first(atoms, first, end, limits);
  }
  return spans;
}

}  // namespace bantam
