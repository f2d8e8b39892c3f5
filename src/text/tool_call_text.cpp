// SPDX-License-Identifier: MIT
#include "text/tool_call_text.h"

#include <algorithm>

namespace bantam {

size_t held_length(std::string_view text, std::string_view mark) {
  size_t length = std::min(text.size(), mark.size() - 1);
  while (length > 0 &&
         text.substr(text.size() - length) != mark.substr(0, length)) {
    --length;
  }
  return length;
}

bool TextBeforeCalls::find_mark(const std::vector<std::string_view>& marks) {
  size_t first = buffer_.npos;
  size_t held = 0;
  for (const std::string_view mark : marks) {
    first = std::min(first, buffer_.find(mark));
    held = std::max(held, held_length(buffer_, mark));
  }
  give_text(first == buffer_.npos ? buffer_.size() - held : first);
  return first != buffer_.npos;
}

void TextBeforeCalls::give_text(size_t count) {
  give(std::string_view(buffer_).substr(0, count));
  buffer_.erase(0, count);
}

// Space at the end waits for what comes after it.
void TextBeforeCalls::give(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && is_call_space(text[end - 1])) {
    --end;
  }
  if (end > 0) {
    sink_.text(space_ + std::string(text.substr(0, end)));
    space_.clear();
  }
  space_ += text.substr(end);
}

void TextBeforeCalls::give_rest() {
  give_text(buffer_.size());
  if (calls_ == 0 && !space_.empty()) {
    sink_.text(space_);
  }
  space_.clear();
}

void TextBeforeCalls::drop_space() {
  size_t count = 0;
  while (count < buffer_.size() && is_call_space(buffer_[count])) {
    ++count;
  }
  buffer_.erase(0, count);
}

void TextBeforeCalls::break_call(std::string_view raw, bool begun) {
  malformed_ = true;
  if (begun) {
    sink_.cancel();
  }
  give(raw);
}

}  // namespace bantam
