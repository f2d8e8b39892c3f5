// SPDX-License-Identifier: MIT
// What a terminal sends, as keys: control characters, escape sequences (ECMA-48
// and xterm's), UTF-8, and pasted text between its brackets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace bantam {

enum class KeyKind {
  text,   // typed; `text` is one character
  paste,  // `text` is all of it
  enter,
  newline,  // Alt-Enter: a line break within the text
  left,
  right,
  up,
  down,
  word_left,
  word_right,
  home,
  end,
  backspace,
  erase,
  cut_word,
  cut_next_word,
  cut_to_begin,
  cut_to_end,
  insert_cut,
  redraw,
  interrupt,    // Ctrl-C
  end_of_file,  // Ctrl-D
  unknown,
};

struct Key {
  KeyKind kind = KeyKind::unknown;
  std::string text;
};

/// Cuts a stream of bytes into keys.
class KeyDecoder {
 public:
  /// Bytes kept of one paste; more is cut off there.
  static constexpr size_t kMostPasteBytes = 1 << 20;

  void push(std::string_view bytes) { pending_ += bytes; }
  /// The next whole key; nullopt if more bytes have to come. `no_more`: none
  /// have come for a while, so that an escape stands for itself.
  std::optional<Key> next(bool no_more = false);
  /// In the middle of a key?
  bool is_waiting() const { return !pending_.empty(); }

 private:
  std::optional<Key> escape(bool no_more);
  std::optional<Key> paste();
  Key take(size_t bytes, KeyKind kind);

  std::string pending_;
};

}  // namespace bantam
