// SPDX-License-Identifier: MIT
#include "cli/page.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/utf8.h"

namespace bantam {

namespace {

size_t character_bytes(std::string_view text, size_t at) {
  return static_cast<size_t>(std::max(1, decode_utf8(text, at).length));
}

// Bytes of at most `characters` characters.
size_t prefix_bytes(std::string_view text, size_t characters) {
  size_t at = 0;
  for (; at < text.size() && characters > 0; --characters) {
    at += character_bytes(text, at);
  }
  return at;
}

}  // namespace

size_t page_columns() {
  constexpr size_t kUsual = 80, kLeast = 40, kMost = 120;
  if (::isatty(STDOUT_FILENO) == 0) {
    return kUnbroken;
  }
  winsize size{};
  const bool known =
      ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return std::clamp(known ? size_t{size.ws_col} : kUsual, kLeast, kMost);
}

size_t text_width(std::string_view text) {
  size_t count = 0;
  for (size_t at = 0; at < text.size(); ++count) {
    at += character_bytes(text, at);
  }
  return count;
}

std::vector<std::string> lines_of(std::string_view text, size_t columns) {
  if (text_width(text) <= columns) {
    return {std::string(text)};
  }
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!lines.back().empty() &&
        text_width(lines.back()) + 1 + text_width(word) > columns) {
      lines.emplace_back();
    }
    lines.back() += lines.back().empty() ? "" : " ";
    while (text_width(word) > columns) {
      const size_t bytes = prefix_bytes(word, columns);
      lines.back() += word.substr(0, bytes);
      lines.emplace_back();
      word.remove_prefix(bytes);
    }
    lines.back() += word;
  }
  return lines;
}

std::string paragraph(
    std::string_view first,
    std::string_view rest,
    std::string_view text,
    size_t columns) {
  const size_t indent = std::max(text_width(first), text_width(rest));
  if (columns == kUnbroken) {
    return std::string(first).append(text).append("\n");
  }
  // A page narrower than its margin still gets a few characters a line.
  constexpr size_t kLeast = 20;
  const size_t room = columns > indent + kLeast ? columns - indent : kLeast;
  std::string page;
  for (const std::string& line : lines_of(text, room)) {
    page.append(page.empty() ? first : rest).append(line).append("\n");
  }
  return page;
}

}  // namespace bantam
