// SPDX-License-Identifier: MIT
#include "cli/line_editor.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>

#include "text/graphemes.h"

namespace bantam {

namespace {

// How often a stop is looked for, and how long a lone escape waits.
constexpr int kWaitMs = 100;
constexpr int kLeastColumns = 10;

struct ScreenSize {
  int columns = 80;
  int rows = 24;
};

ScreenSize screen_size() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) {
    return {};
  }
  return {
      .columns = std::max<int>(kLeastColumns, size.ws_col),
      .rows = std::max<int>(2, size.ws_row)};
}

void write_screen(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

// The state to go back to; one terminal has one.
std::optional<termios> before_raw;
int raw_depth = 0;

}  // namespace

ScreenRows lay_out(
    std::string_view prompt,
    std::string_view text,
    size_t cursor,
    int columns) {
  int indent = 0;
  for (size_t at = 0; at < prompt.size();) {
    const size_t end = next_grapheme(prompt, at);
    indent += display_width(prompt.substr(at, end - at));
    at = end;
  }
  indent = std::min(indent, columns / 2);
  ScreenRows screen{.rows = {std::string(prompt)}};
  int column = indent;
  const auto new_row = [&] {
    screen.rows.emplace_back(indent, ' ');
    column = indent;
  };
  for (size_t at = 0;;) {
    const size_t end = at < text.size() ? next_grapheme(text, at) : at;
    const std::string_view one = text.substr(at, end - at);
    const bool tab = one == "\t";
    const int width = tab ? 2 : display_width(one);
    // The cursor behind a full row stands on the next one.
    if (column + std::max(width, 1) > columns) {
      new_row();
    }
    if (at == cursor) {
      screen.cursor_row = screen.rows.size() - 1;
      screen.cursor_column = column;
    }
    if (at == text.size()) {
      return screen;
    }
    if (one == "\n") {
      new_row();
    } else if (width > 0) {
      screen.rows.back() += tab ? "  " : one;
      column += width;
    }
    at = end;
  }
}

RawTerminal::RawTerminal(bool signals) {
  termios state{};
  if (raw_depth++ > 0 || ::tcgetattr(STDIN_FILENO, &state) != 0) {
    return;
  }
  before_raw = state;
  state.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | IEXTEN);
  if (!signals) {
    state.c_lflag &= ~static_cast<tcflag_t>(ISIG);
  }
  state.c_iflag &= ~static_cast<tcflag_t>(ICRNL | INLCR | IXON | ISTRIP);
  state.c_cc[VMIN] = 1;
  state.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &state);
}

RawTerminal::~RawTerminal() {
  if (--raw_depth == 0 && before_raw) {
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_raw);
    before_raw.reset();
  }
}

LineEditor::Outcome LineEditor::read(
    const std::string& prompt,
    std::string& text,
    const std::stop_token& stop) {
  const RawTerminal raw(false);
  constexpr const char* kBracketedPasteOn = "\x1b[?2004h";
  constexpr const char* kBracketedPasteOff = "\x1b[?2004l";
  write_screen(kBracketedPasteOn);
  drawn_cursor_row_ = 0;
  const Outcome outcome = edit(prompt, stop);
  leave(prompt);
  write_screen(kBracketedPasteOff);
  if (outcome == Outcome::line) {
    text = line_.take();
  } else {
    line_.clear();
  }
  return outcome;
}

LineEditor::Outcome LineEditor::edit(
    const std::string& prompt,
    const std::stop_token& stop) {
  draw(prompt, false);
  while (!stop.stop_requested()) {
    bool changed = false;
    const Input input = wait_for_bytes(kWaitMs);
    while (const auto key = keys_.next(input == Input::nothing)) {
      changed = true;
      switch (key->kind) {
        case KeyKind::enter:
          return Outcome::line;
        case KeyKind::interrupt:
          return Outcome::interrupted;
        case KeyKind::end_of_file:
          if (line_.empty()) {
            return Outcome::end;
          }
          line_.apply({KeyKind::erase, {}});
          break;
        case KeyKind::redraw:
          write_screen("\x1b[H\x1b[2J");
          drawn_cursor_row_ = 0;
          break;
        default:
          line_.apply(*key);
      }
    }
    if (input == Input::closed) {
      return Outcome::end;
    }
    if (changed) {
      draw(prompt, false);
    }
  }
  return Outcome::stopped;
}

LineEditor::Input LineEditor::wait_for_bytes(int timeout_ms) {
  pollfd waiting{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  if (::poll(&waiting, 1, timeout_ms) <= 0) {
    return Input::nothing;
  }
  char bytes[4096];
  const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
  if (count > 0) {
    keys_.push({bytes, static_cast<size_t>(count)});
    return Input::bytes;
  }
  return count < 0 && (errno == EINTR || errno == EAGAIN) ? Input::nothing
                                                          : Input::closed;
}

// Writes over what was drawn before. Of a text that is taller than the screen
// only the part around the cursor, unless `whole`.
void LineEditor::draw(const std::string& prompt, bool whole) {
  const ScreenSize size = screen_size();
  ScreenRows screen =
      lay_out(prompt, line_.text(), line_.cursor(), size.columns);
  const auto most = static_cast<size_t>(size.rows - 1);
  if (screen.rows.size() > most && !whole) {
    const size_t first = std::min(
        screen.cursor_row - std::min(screen.cursor_row, most / 2),
        screen.rows.size() - most);
    screen.rows.erase(
        screen.rows.begin(),
        screen.rows.begin() + static_cast<std::ptrdiff_t>(first));
    screen.rows.resize(most);
    screen.cursor_row -= first;
  }
  std::string text;
  if (drawn_cursor_row_ > 0) {
    text += "\x1b[" + std::to_string(drawn_cursor_row_) + "A";
  }
  text += "\r\x1b[J";
  for (size_t i = 0; i < screen.rows.size(); ++i) {
    text += (i > 0 ? "\r\n" : "") + screen.rows[i];
  }
  const size_t below = screen.rows.size() - 1 - screen.cursor_row;
  if (below > 0) {
    text += "\x1b[" + std::to_string(below) + "A";
  }
  text += "\r";
  if (screen.cursor_column > 0) {
    text += "\x1b[" + std::to_string(screen.cursor_column) + "C";
  }
  drawn_cursor_row_ = screen.cursor_row;
  write_screen(text);
}

// The whole text, and the cursor on the row after it.
void LineEditor::leave(const std::string& prompt) {
  line_.apply({KeyKind::end, {}});
  while (line_.cursor() < line_.text().size()) {
    line_.apply({KeyKind::right, {}});
  }
  draw(prompt, true);
  drawn_cursor_row_ = 0;
  write_screen("\r\n");
}

}  // namespace bantam
