// SPDX-License-Identifier: MIT
// Listens, and gives each connection a thread, up to a limit.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

#include "server/http_connection.h"

namespace bantam {

struct HttpServerOptions {
  std::string host = "127.0.0.1";  // an address or a name
  int port = 8080;                 // 0: any free one
  int connections = 64;
  HttpLimits limits;
  /// Of large bodies of all connections together; at least limits.body_bytes.
  size_t bodies_bytes = 64 << 20;
  ConnectionLimits times;
};

/// Does `host` name this machine alone?
bool is_loopback(const std::string& host);

class HttpServer {
 public:
  /// Binds and listens. Throws invalid_request for a host that cannot be
  /// listened on, unavailable for a port that is taken.
  HttpServer(
      const HttpServerOptions& options,
      ExchangeHandler handler,
      HttpErrorBody error_body);
  /// stop(), and waits for all connections to end.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  int port() const { return port_; }
  /// "http://127.0.0.1:8080"
  std::string url() const;

  /// Begins to answer, on threads of its own.
  void start();
  /// Takes no new connections and closes idle ones. Answers that have begun
  /// are finished.
  void stop();
  /// Waits until the last connection has ended, at most so long. True: it has.
  bool wait_until_idle(double seconds);
  int connections() const { return connections_; }

 private:
  void accept_loop();
  void accept_one();
  void run_connection(int socket, bool refused);

  HttpServerOptions options_;
  ExchangeHandler handler_;
  HttpErrorBody error_body_;
  int listener_ = -1;
  int port_ = 0;
  BodyRoom room_;
  std::atomic<bool> closing_ = false;
  std::atomic<int> connections_ = 0;
  std::atomic<int> refused_ = 0;
  std::mutex mutex_;  // of idle_
  std::condition_variable idle_;
  std::thread acceptor_;
};

}  // namespace bantam
