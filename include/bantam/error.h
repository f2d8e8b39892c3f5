// SPDX-License-Identifier: MIT
// The one error type. A failure (the request or the load cannot go on) throws
// bantam::Error; an outcome the caller has to choose about is a value.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace bantam {

enum class ErrorCode {
  invalid_request,      // wrong usage, prompt or configuration
  not_found,            // a model or file is not there
  invalid_file,         // a file is damaged
  unsupported,          // a file is sound, but bantam cannot run it
  insufficient_memory,  // refused before start
  memory_pressure,      // stopped: the machine is under pressure
  swap,                 // stopped: the machine swaps
  unavailable,          // a remote or external backend does not answer
  cancelled,            // interrupted by the user
  internal,             // a bug in bantam
};

/// What an error code means to a client, a script and a log.
struct ErrorKind {
  ErrorCode code;
  std::string_view name;
  int http_status;
  int exit_code;
};

/// The row of the table "error code -> HTTP status -> exit code".
const ErrorKind& error_kind(ErrorCode code);

class Error : public std::runtime_error {
 public:
  /// `message` says what went wrong, where (file, tensor, byte offset, line)
  /// and what to do about it. One line, no trailing period or newline.
  Error(ErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace bantam
