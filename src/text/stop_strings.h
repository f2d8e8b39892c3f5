// SPDX-License-Identifier: MIT
// Ends a stream of text at the first stop string, wherever its pieces fall.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bantam {

class StopStrings {
 public:
  /// Empty strings are refused: throws invalid_request.
  explicit StopStrings(std::vector<std::string> stops);

  /// Text that can no longer become part of a stop string. Once a stop string
  /// was seen, nothing more comes; it is not part of the text.
  std::string push(std::string_view text);
  /// What was held back, at the end of the stream.
  std::string finish();

  bool stopped() const { return stopped_; }
  /// The stop string that was seen; "": none.
  const std::string& found() const { return found_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
  std::string found_;
};

}  // namespace bantam
