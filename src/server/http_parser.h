// SPDX-License-Identifier: MIT
// Reads HTTP/1.1 requests (RFC 9112) from bytes as they come, within limits.
// What is ambiguous there (two lengths, folded headers) is refused.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "server/http_message.h"

namespace bantam {

struct HttpLimits {
  size_t line_bytes = 8 << 10;     // of the request line
  size_t header_bytes = 32 << 10;  // of all headers together
  size_t header_count = 100;
  size_t body_bytes = 16 << 20;
};

/// The request is not one that can be answered; the connection cannot go on
/// after the answer.
class HttpError : public std::runtime_error {
 public:
  HttpError(int http_status, const std::string& message)
      : std::runtime_error(message), status(http_status) {}
  const int status;
};

class HttpParser {
 public:
  explicit HttpParser(HttpLimits limits = {}) : limits_(limits) {}

  /// Takes more bytes. Throws HttpError; the parser is of no use then.
  void push(std::string_view bytes);
  /// The next complete request, if there is one. What follows it stays. Throws
  /// HttpError if that is not a request.
  std::optional<HttpRequest> take();

  /// Has a request begun that is not complete?
  bool is_inside() const { return part_ != Part::line || at_ < input_.size(); }
  /// Of the body that has begun, what is here.
  size_t body_bytes() const { return request_.body.size(); }
  /// True once, when the client waits for "100 Continue" before its body.
  bool take_continue();

 private:
  enum class Part {
    line,
    headers,
    body,
    chunk_size,
    chunk,
    chunk_end,
    trailer
  };

  void advance();
  std::optional<std::string> take_line(size_t limit, int status);
  void read_request_line(const std::string& line);
  void read_header(const std::string& line);
  void end_headers();
  void read_target(std::string target);
  void read_chunk_size(const std::string& line);
  bool take_body(Part next);

  HttpLimits limits_;
  std::string input_;
  size_t at_ = 0;  // of input_, what has not been looked at yet
  Part part_ = Part::line;
  HttpRequest request_;
  size_t header_bytes_ = 0;
  size_t body_left_ = 0;
  bool complete_ = false;
  bool wants_continue_ = false;
};

}  // namespace bantam
