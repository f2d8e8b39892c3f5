// SPDX-License-Identifier: MIT
// The text of a template and the places in it that errors name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace bantam::jinja {

/// Byte offset into Source::text().
using Position = uint32_t;

class Source {
 public:
  /// Normalizes line ends and drops one trailing newline, as jinja2 does.
  /// Throws invalid_file for invalid UTF-8 or an absurd length.
  Source(std::string_view text, std::string name);

  std::string_view text() const { return text_; }
  /// "<name>:<line>:<column>"; columns count bytes, both from 1.
  std::string place(Position at) const;

  [[noreturn]] void fail(ErrorCode code, Position at, std::string_view what)
      const;
  [[noreturn]] void syntax_error(Position at, std::string_view what) const {
    fail(ErrorCode::invalid_file, at, what);
  }

 private:
  std::string text_;
  std::string name_;
};

}  // namespace bantam::jinja
