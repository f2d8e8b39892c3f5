// SPDX-License-Identifier: MIT
// Lines of stdin where it is no terminal, read without getting stuck: a stop is
// heard while there is nothing to read.
#pragma once

#include <stop_token>
#include <string>

namespace bantam {

class InputLines {
 public:
  /// The next line without its end; the last one need not have one. False at
  /// the end of the input or after `stop`. Throws invalid_request if stdin
  /// cannot be read or a line is longer than 16 MiB.
  bool next(std::string& line, const std::stop_token& stop);

 private:
  bool fill(const std::stop_token& stop);

  std::string pending_;
  size_t searched_ = 0;
  bool ended_ = false;
};

}  // namespace bantam
