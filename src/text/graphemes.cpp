// SPDX-License-Identifier: MIT
#include "text/graphemes.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"

namespace bantam {

size_t next_grapheme(std::string_view text, size_t at) {
  Utf8Character before = decode_utf8(text, at);
  if (before.length == 0) {
    return at + 1;
  }
  size_t end = at + before.length;
  utf8proc_int32_t state = 0;
  while (end < text.size()) {
    const Utf8Character next = decode_utf8(text, end);
    if (next.length == 0 ||
        utf8proc_grapheme_break_stateful(
            static_cast<utf8proc_int32_t>(before.code_point),
            static_cast<utf8proc_int32_t>(next.code_point),
            &state)) {
      break;
    }
    end += next.length;
    before = next;
  }
  return end;
}

// Clusters are only told going forward; a line break always parts two.
size_t previous_grapheme(std::string_view text, size_t at) {
  const size_t line =
      at < 2 ? std::string_view::npos : text.rfind('\n', at - 2);
  size_t begin = line == std::string_view::npos ? 0 : line;
  while (true) {
    const size_t end = next_grapheme(text, begin);
    if (end >= at) {
      return begin;
    }
    begin = end;
  }
}

int display_width(std::string_view grapheme) {
  int width = 0;
  for (size_t at = 0; at < grapheme.size();) {
    const Utf8Character one = decode_utf8(grapheme, at);
    at += std::max(1, one.length);
    // An emoji of several code points is as wide as its widest.
    width = std::max(
        width,
        one.length == 0 ? 1
                        : utf8proc_charwidth(
                              static_cast<utf8proc_int32_t>(one.code_point)));
  }
  return width;
}

}  // namespace bantam
