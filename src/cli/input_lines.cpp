// SPDX-License-Identifier: MIT
#include "cli/input_lines.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace bantam {

namespace {

constexpr int kStopCheckMs = 100;
constexpr size_t kMostLineBytes = 16 << 20;

}  // namespace

bool InputLines::next(std::string& line, const std::stop_token& stop) {
  while (true) {
    const size_t end = pending_.find('\n', searched_);
    if (end != std::string::npos || (ended_ && !pending_.empty())) {
      const size_t length = std::min(end, pending_.size());
      line = pending_.substr(0, length);
      pending_.erase(0, length + (end != std::string::npos ? 1 : 0));
      searched_ = 0;
      if (!line.empty() && line.back() == '\r') {
        line.pop_back();
      }
      return true;
    }
    searched_ = pending_.size();
    if (ended_ || !fill(stop)) {
      return false;
    }
    if (pending_.size() > kMostLineBytes) {
      fail(
          ErrorCode::invalid_request,
          "a line of the input is longer than {} bytes",
          kMostLineBytes);
    }
  }
}

// False after a stop.
bool InputLines::fill(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kStopCheckMs) <= 0) {
      continue;
    }
    char bytes[1 << 16];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
      continue;
    }
    if (count < 0) {
      fail(
          ErrorCode::invalid_request, "the messages cannot be read from stdin");
    }
    pending_.append(bytes, count);
    ended_ = count == 0;
    return true;
  }
  return false;
}

}  // namespace bantam
