// SPDX-License-Identifier: MIT
// A failure while a template runs. It does not know where: the interpreter
// adds source, line and column on the way out.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "base/error.h"

namespace bantam::jinja {

class Failure : public std::runtime_error {
 public:
  Failure(ErrorCode code, const std::string& message, bool verbatim = false)
      : std::runtime_error(message), code_(code), verbatim_(verbatim) {}

  ErrorCode code() const { return code_; }
  /// The template's own words (raise_exception): no place is added.
  bool verbatim() const { return verbatim_; }

 private:
  ErrorCode code_;
  bool verbatim_;
};

/// An error that Python would raise while rendering.
template <typename... Args>
[[noreturn]] void raise(fmt::format_string<Args...> format, Args&&... args) {
  throw Failure(
      ErrorCode::invalid_request,
      fmt::format(format, std::forward<Args>(args)...));
}

/// Something Python could do and bantam cannot.
template <typename... Args>
[[noreturn]] void raise_unsupported(
    fmt::format_string<Args...> format,
    Args&&... args) {
  throw Failure(
      ErrorCode::unsupported, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace bantam::jinja
