// SPDX-License-Identifier: MIT
// A client's connection: requests in, answers out, none of it for longer than
// its limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "server/body_room.h"
#include "server/exchange.h"
#include "server/http_parser.h"

namespace bantam {

struct ConnectionLimits {
  double idle_s = 75;     // between requests
  double request_s = 30;  // from a request's first byte to its last
  double write_s = 30;    // for 64 KiB of an answer
};

using ExchangeHandler = std::function<void(Exchange& exchange)>;
/// The answer to what is not an HTTP request.
using HttpErrorBody = std::function<HttpResponse(const HttpError& error)>;

/// One thread.
class HttpConnection {
 public:
  /// Takes `socket` over and closes it. `room` and `closing` outlive this.
  HttpConnection(
      int socket,
      const HttpLimits& limits,
      const ConnectionLimits& times,
      BodyRoom& room,
      const std::atomic<bool>& closing);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Answers requests until the client goes, a limit is reached or `closing`.
  void serve(const ExchangeHandler& handler, const HttpErrorBody& error_body);
  /// Answers whatever comes with one response.
  void refuse(const HttpResponse& response);

 private:
  class ConnectionExchange;

  std::optional<HttpRequest> read_request();
  void take_room();
  void give_room();
  bool send_all(std::string_view data);
  bool client_gone();
  void linger();

  int socket_;
  ConnectionLimits times_;
  BodyRoom& room_;
  size_t taken_bytes_ = 0;  // of the room
  const std::atomic<bool>& closing_;
  HttpParser parser_;
};

}  // namespace bantam
