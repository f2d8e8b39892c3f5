// SPDX-License-Identifier: MIT
#include "server/http_connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

namespace bantam {

namespace {

using Clock = std::chrono::steady_clock;

// How long a wait may last before the world is looked at again.
constexpr int kLookAround_ms = 200;
constexpr size_t kSendPiece = 64 << 10;
// After the last answer, for a client that is still sending: a connection
// closed before it was read empties the client's buffer, the answer with it.
constexpr double kLinger_s = 5;
constexpr size_t kLingerBytes = 256 << 20;
// A body that is no larger than what is read at once needs no room.
constexpr size_t kSmallBody = 64 << 10;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Waits for `events`; false: not yet.
bool wait_for(int socket, short events, int timeout_ms) {
  pollfd entry{socket, events, 0};
  return ::poll(&entry, 1, timeout_ms) > 0;
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

std::string hexadecimal(size_t value) {
  char text[2 * sizeof value + 1];
  std::snprintf(text, sizeof text, "%zx", value);
  return text;
}

}  // namespace

class HttpConnection::ConnectionExchange final : public Exchange {
 public:
  ConnectionExchange(HttpConnection& connection, const HttpRequest& request)
      : connection_(connection),
        request_(request),
        keeps_alive_(request.keeps_alive && !connection.closing_) {}

  const HttpRequest& request() const override { return request_; }
  bool has_begun() const override { return begun_; }
  bool client_gone() override { return gone_ || connection_.client_gone(); }
  void add_header(std::string_view name, std::string_view value) override {
    headers_.emplace_back(name, value);
  }

  void respond(const HttpResponse& response) override {
    HttpHeaders headers = common_headers(response);
    // An answer of 204 has no length.
    if (response.status != 204) {
      headers.emplace_back(
          "Content-Length", std::to_string(response.body.size()));
    }
    begun_ = true;
    std::string all = http_head(response.status, headers);
    if (request_.method != "HEAD") {
      all += response.body;
    }
    gone_ = gone_ || !connection_.send_all(all);
  }

  bool begin_stream(const HttpResponse& head) override {
    chunked_ = request_.takes_chunks;
    keeps_alive_ = keeps_alive_ && chunked_;
    HttpHeaders headers = common_headers(head);
    if (chunked_) {
      headers.emplace_back("Transfer-Encoding", "chunked");
    }
    begun_ = true;
    streams_ = true;
    gone_ = gone_ || !connection_.send_all(http_head(head.status, headers));
    if (request_.method == "HEAD") {
      gone_ = true;  // It wants no more than this.
    }
    return !gone_;
  }

  bool write(std::string_view data) override {
    if (gone_ || data.empty()) {
      return !gone_;
    }
    std::string piece(data);
    if (chunked_) {
      piece = hexadecimal(data.size()) + "\r\n" + piece + "\r\n";
    }
    gone_ = !connection_.send_all(piece);
    return !gone_;
  }

  /// Ends the answer. May the connection go on?
  bool finish() {
    if (streams_ && chunked_ && !gone_) {
      gone_ = !connection_.send_all("0\r\n\r\n");
    }
    return begun_ && keeps_alive_ && !gone_;
  }

 private:
  HttpHeaders common_headers(const HttpResponse& response) const {
    HttpHeaders headers = response.headers;
    headers.insert(headers.end(), headers_.begin(), headers_.end());
    if (!response.body.empty() || response.status == 200) {
      headers.emplace_back("Content-Type", response.type);
    }
    headers.emplace_back("Connection", keeps_alive_ ? "keep-alive" : "close");
    return headers;
  }

  HttpConnection& connection_;
  const HttpRequest& request_;
  HttpHeaders headers_;
  bool keeps_alive_;
  bool begun_ = false;
  bool streams_ = false;
  bool chunked_ = false;
  bool gone_ = false;
};

HttpConnection::HttpConnection(
    int socket,
    const HttpLimits& limits,
    const ConnectionLimits& times,
    BodyRoom& room,
    const std::atomic<bool>& closing)
    : socket_(socket),
      times_(times),
      room_(room),
      closing_(closing),
      parser_(limits) {}

HttpConnection::~HttpConnection() {
  give_room();
  ::close(socket_);
}

void HttpConnection::serve(
    const ExchangeHandler& handler,
    const HttpErrorBody& error_body) {
  try {
    while (const std::optional<HttpRequest> request = read_request()) {
      ConnectionExchange exchange(*this, *request);
      handler(exchange);
      const bool goes_on = exchange.finish();
      give_room();
      if (!goes_on) {
        break;
      }
    }
  } catch (const HttpError& error) {
    HttpRequest unknown;
    unknown.keeps_alive = false;
    ConnectionExchange(*this, unknown).respond(error_body(error));
  }
  give_room();
  linger();
}

void HttpConnection::refuse(const HttpResponse& response) {
  HttpRequest unknown;
  unknown.keeps_alive = false;
  ConnectionExchange(*this, unknown).respond(response);
  linger();
}

// For the body that is being read. Nobody waits for it: others may wait for the
// room that this one has.
void HttpConnection::take_room() {
  const size_t bytes = parser_.body_bytes();
  if (bytes <= taken_bytes_ || bytes <= kSmallBody) {
    return;
  }
  if (!room_.take(bytes - taken_bytes_)) {
    throw HttpError(
        503, "too many large requests are being read; try again later");
  }
  taken_bytes_ = bytes;
}

void HttpConnection::give_room() {
  room_.give(std::exchange(taken_bytes_, 0));
}

// nullopt: no more requests. Throws HttpError.
std::optional<HttpRequest> HttpConnection::read_request() {
  auto start = Clock::now();
  bool inside = parser_.is_inside();
  while (true) {
    if (std::optional<HttpRequest> request = parser_.take()) {
      return request;
    }
    if (parser_.take_continue() && !send_all("HTTP/1.1 100 Continue\r\n\r\n")) {
      return std::nullopt;
    }
    if (!inside && parser_.is_inside()) {
      inside = true;
      start = Clock::now();
    }
    if (inside && seconds_since(start) > times_.request_s) {
      throw HttpError(408, "the request took too long to arrive");
    }
    if (!inside && (closing_ || seconds_since(start) > times_.idle_s)) {
      return std::nullopt;
    }
    if (!wait_for(socket_, POLLIN, kLookAround_ms)) {
      continue;
    }
    char buffer[64 << 10];
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count > 0) {
      parser_.push(std::string_view(buffer, count));
      take_room();
    } else if (count == 0 && inside) {
      throw HttpError(400, "the request ends before it is complete");
    } else if (count == 0 || !would_block()) {
      return std::nullopt;
    }
  }
}

bool HttpConnection::send_all(std::string_view data) {
  while (!data.empty()) {
    std::string_view piece = data.substr(0, kSendPiece);
    data.remove_prefix(piece.size());
    const auto start = Clock::now();
    while (!piece.empty()) {
      // SIGPIPE is ignored by the program.
      const ssize_t count =
          ::send(socket_, piece.data(), piece.size(), MSG_DONTWAIT);
      if (count > 0) {
        piece.remove_prefix(count);
      } else if (count == 0 || !would_block()) {
        return false;
      } else {
        if (seconds_since(start) > times_.write_s) {
          return false;
        }
        wait_for(socket_, POLLOUT, kLookAround_ms);
      }
    }
  }
  return true;
}

bool HttpConnection::client_gone() {
#ifdef POLLRDHUP
  // Its end may lie behind requests that it sent ahead.
  pollfd entry{socket_, POLLRDHUP, 0};
  if (::poll(&entry, 1, 0) > 0) {
    return true;
  }
#endif
  char byte;
  const ssize_t count = ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && !would_block());
}

void HttpConnection::linger() {
  ::shutdown(socket_, SHUT_WR);
  const auto start = Clock::now();
  size_t left = kLingerBytes;
  char buffer[64 << 10];
  while (seconds_since(start) < kLinger_s && left > 0) {
    if (!wait_for(socket_, POLLIN, kLookAround_ms)) {
      if (closing_) {
        return;
      }
      continue;
    }
    const ssize_t count = ::recv(socket_, buffer, sizeof buffer, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && !would_block())) {
      return;
    }
    left -= std::min<size_t>(left, count > 0 ? count : 0);
  }
}

}  // namespace bantam
