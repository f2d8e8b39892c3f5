// SPDX-License-Identifier: MIT
#include "cli/text_line.h"

#include <algorithm>
#include <utility>

#include "text/graphemes.h"

namespace bantam {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t';
}

}  // namespace

void TextLine::apply(const Key& key) {
  switch (key.kind) {
    case KeyKind::text:
    case KeyKind::paste:
      return insert(key.text);
    case KeyKind::newline:
      return insert("\n");
    case KeyKind::left:
      cursor_ = cursor_ > 0 ? previous_grapheme(text_, cursor_) : 0;
      return;
    case KeyKind::right:
      cursor_ =
          cursor_ < text_.size() ? next_grapheme(text_, cursor_) : text_.size();
      return;
    case KeyKind::word_left:
      cursor_ = word_before();
      return;
    case KeyKind::word_right:
      cursor_ = word_after();
      return;
    case KeyKind::home:
      cursor_ = line_begin(cursor_);
      return;
    case KeyKind::end:
      cursor_ = line_end(cursor_);
      return;
    case KeyKind::up:
      return move_vertically(true);
    case KeyKind::down:
      return move_vertically(false);
    case KeyKind::backspace:
      if (cursor_ > 0) {
        erase(previous_grapheme(text_, cursor_), cursor_);
      }
      return;
    case KeyKind::erase:
      if (cursor_ < text_.size()) {
        erase(cursor_, next_grapheme(text_, cursor_));
      }
      return;
    case KeyKind::cut_word:
      cut_ = text_.substr(word_before(), cursor_ - word_before());
      return erase(word_before(), cursor_);
    case KeyKind::cut_next_word:
      cut_ = text_.substr(cursor_, word_after() - cursor_);
      return erase(cursor_, word_after());
    case KeyKind::cut_to_begin:
      cut_ = text_.substr(line_begin(cursor_), cursor_ - line_begin(cursor_));
      return erase(line_begin(cursor_), cursor_);
    case KeyKind::cut_to_end:
      cut_ = text_.substr(cursor_, line_end(cursor_) - cursor_);
      return erase(cursor_, line_end(cursor_));
    case KeyKind::insert_cut:
      return insert(cut_);
    default:
      return;
  }
}

void TextLine::clear() {
  text_.clear();
  cursor_ = 0;
  recalled_ = history_.size();
  draft_.clear();
}

std::string TextLine::take() {
  std::string taken = std::exchange(text_, {});
  if (!taken.empty() && (history_.empty() || history_.back() != taken)) {
    history_.push_back(taken);
    if (history_.size() > kHistoryLines) {
      history_.erase(history_.begin());
    }
  }
  clear();
  return taken;
}

void TextLine::insert(std::string_view piece) {
  text_.insert(cursor_, piece);
  cursor_ += piece.size();
}

void TextLine::erase(size_t from, size_t to) {
  text_.erase(from, to - from);
  cursor_ = from;
}

// Within a text of several lines, then through the history.
void TextLine::move_vertically(bool up) {
  const size_t begin = line_begin(cursor_);
  const size_t end = line_end(cursor_);
  if (up ? begin == 0 : end == text_.size()) {
    return recall(up);
  }
  const size_t target_begin = up ? line_begin(begin - 1) : end + 1;
  const size_t target_end = line_end(target_begin);
  size_t column = 0;
  for (size_t at = begin; at < cursor_; at = next_grapheme(text_, at)) {
    ++column;
  }
  cursor_ = target_begin;
  for (; column > 0 && cursor_ < target_end; --column) {
    cursor_ = next_grapheme(text_, cursor_);
  }
}

void TextLine::recall(bool older) {
  if (older ? recalled_ == 0 : recalled_ == history_.size()) {
    return;
  }
  if (recalled_ == history_.size()) {
    draft_ = text_;
  }
  recalled_ += older ? -1 : 1;
  text_ = recalled_ == history_.size() ? draft_ : history_[recalled_];
  cursor_ = text_.size();
}

size_t TextLine::word_before() const {
  size_t at = cursor_;
  while (at > 0 && is_space(text_[at - 1])) {
    --at;
  }
  while (at > 0 && !is_space(text_[at - 1])) {
    --at;
  }
  return at;
}

size_t TextLine::word_after() const {
  size_t at = cursor_;
  while (at < text_.size() && is_space(text_[at])) {
    ++at;
  }
  while (at < text_.size() && !is_space(text_[at])) {
    ++at;
  }
  return at;
}

size_t TextLine::line_begin(size_t at) const {
  const size_t before = at == 0 ? std::string::npos : text_.rfind('\n', at - 1);
  return before == std::string::npos ? 0 : before + 1;
}

size_t TextLine::line_end(size_t at) const {
  return std::min(text_.find('\n', at), text_.size());
}

}  // namespace bantam
