// SPDX-License-Identifier: MIT
#include "text/stop_strings.h"

#include <algorithm>
#include <utility>

#include "base/error.h"

namespace bantam {

StopStrings::StopStrings(std::vector<std::string> stops)
    : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    if (stop.empty()) {
      fail(ErrorCode::invalid_request, "a stop string is empty");
    }
  }
}

std::string StopStrings::push(std::string_view text) {
  if (stopped_) {
    return "";
  }
  held_ += text;
  size_t first = std::string::npos;
  for (const std::string& stop : stops_) {
    const size_t found = held_.find(stop);
    if (found < first) {
      first = found;
      found_ = stop;
    }
  }
  if (first != std::string::npos) {
    stopped_ = true;
    held_.resize(first);
    return std::exchange(held_, "");
  }
  // Hold back the longest end of the text that begins a stop string.
  size_t keep = 0;
  for (const std::string& stop : stops_) {
    const size_t longest = std::min(held_.size(), stop.size() - 1);
    for (size_t length = longest; length > keep; --length) {
      if (held_.compare(held_.size() - length, length, stop, 0, length) == 0) {
        keep = length;
        break;
      }
    }
  }
  std::string certain = held_.substr(0, held_.size() - keep);
  held_.erase(0, held_.size() - keep);
  return certain;
}

std::string StopStrings::finish() {
  return std::exchange(held_, "");
}

}  // namespace bantam
