// SPDX-License-Identifier: MIT
// A line on a terminal's stderr that is written over and then wiped.
#pragma once

#include <cstdio>
#include <string>

namespace bantam {

class ProgressLine {
 public:
  explicit ProgressLine(bool shown) : shown_(shown) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const std::string& text) {
    if (shown_) {
      std::fprintf(stderr, "\r\x1b[K%s", text.c_str());
      written_ = true;
    }
  }
  void clear() {
    if (written_) {
      std::fputs("\r\x1b[K", stderr);
      written_ = false;
    }
  }

 private:
  bool shown_;
  bool written_ = false;
};

}  // namespace bantam
