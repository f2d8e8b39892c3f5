// SPDX-License-Identifier: MIT
// The text that a person is writing: a cursor, and what came before. No
// terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cli/keys.h"

namespace bantam {

class TextLine {
 public:
  static constexpr size_t kHistoryLines = 500;

  const std::string& text() const { return text_; }
  size_t cursor() const { return cursor_; }  // a byte offset
  bool empty() const { return text_.empty(); }

  /// Edits as `key` says; nothing for keys that end a line.
  void apply(const Key& key);
  /// Empties the text.
  void clear();
  /// Empties the text and keeps it in the history. Returns it.
  std::string take();

 private:
  void insert(std::string_view piece);
  void erase(size_t from, size_t to);
  void move_vertically(bool up);
  void recall(bool older);
  size_t word_before() const;
  size_t word_after() const;
  size_t line_begin(size_t at) const;
  size_t line_end(size_t at) const;

  std::string text_;
  size_t cursor_ = 0;
  std::string cut_;  // what was erased by words and lines, for Ctrl-Y
  std::vector<std::string> history_;
  size_t recalled_ = 0;  // history_.size(): the draft
  std::string draft_;
};

}  // namespace bantam
