// SPDX-License-Identifier: MIT
// A line on a terminal that can be edited: keys in, screen out. Draws on
// stderr, since stdout is for answers.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/keys.h"
#include "cli/text_line.h"

namespace bantam {

/// A prompt and a text as rows of a screen.
struct ScreenRows {
  std::vector<std::string> rows;
  size_t cursor_row = 0;
  int cursor_column = 0;
};

/// Wraps at `columns` (>= 10); lines after the first are indented as deep as
/// the prompt is wide. `prompt` has no colours.
ScreenRows lay_out(
    std::string_view prompt,
    std::string_view text,
    size_t cursor,
    int columns);

/// While it lives, the terminal of stdin delivers every byte as it is typed
/// and echoes none. `signals`: Ctrl-C still sends SIGINT.
class RawTerminal {
 public:
  explicit RawTerminal(bool signals);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;
};

class LineEditor {
 public:
  enum class Outcome { line, interrupted, end, stopped };

  /// Lets the person write until Enter (line; `text` gets it), Ctrl-C
  /// (interrupted), Ctrl-D on an empty line or the end of the terminal (end),
  /// or `stop`.
  Outcome read(
      const std::string& prompt,
      std::string& text,
      const std::stop_token& stop);

 private:
  enum class Input { bytes, nothing, closed };
  Input wait_for_bytes(int timeout_ms);
  Outcome edit(const std::string& prompt, const std::stop_token& stop);
  void draw(const std::string& prompt, bool whole);
  void leave(const std::string& prompt);

  TextLine line_;
  KeyDecoder keys_;
  size_t drawn_cursor_row_ = 0;
};

}  // namespace bantam
