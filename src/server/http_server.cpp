// SPDX-License-Identifier: MIT
#include "server/http_server.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <system_error>

#include "base/error.h"

namespace bantam {

namespace {

constexpr int kAcceptWait_ms = 100;
constexpr int kBacklog = 128;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Addresses addresses_of(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const int error =
      ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (error != 0) {
    fail(
        ErrorCode::invalid_request,
        "--host {}: {}",
        host,
        ::gai_strerror(error));
  }
  return Addresses(list);
}

bool is_loopback_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

int port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return address.ss_family == AF_INET6
      ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
      : ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

int listen_on(const std::string& host, int port) {
  const Addresses list = addresses_of(host, port);
  int error = 0;
  for (const addrinfo* at = list.get(); at != nullptr; at = at->ai_next) {
    const int listener =
        ::socket(at->ai_family, at->ai_socktype, at->ai_protocol);
    if (listener < 0) {
      error = errno;
      continue;
    }
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // A client may be gone again between poll() and accept().
    ::fcntl(listener, F_SETFL, O_NONBLOCK);
    if (::bind(listener, at->ai_addr, at->ai_addrlen) == 0 &&
        ::listen(listener, kBacklog) == 0) {
      return listener;
    }
    error = errno;
    ::close(listener);
  }
  fail(
      ErrorCode::unavailable,
      "cannot listen on {} port {}: {}; choose another --port",
      host,
      port,
      std::strerror(error));
}

}  // namespace

bool is_loopback(const std::string& host) {
  const Addresses list = addresses_of(host, 0);
  for (const addrinfo* at = list.get(); at != nullptr; at = at->ai_next) {
    if (!is_loopback_address(at->ai_addr)) {
      return false;
    }
  }
  return true;
}

HttpServer::HttpServer(
    const HttpServerOptions& options,
    ExchangeHandler handler,
    HttpErrorBody error_body)
    : options_(options),
      handler_(std::move(handler)),
      error_body_(std::move(error_body)),
      listener_(listen_on(options.host, options.port)),
      port_(port_of(listener_)),
      room_(std::max(options.bodies_bytes, options.limits.body_bytes)) {}

HttpServer::~HttpServer() {
  stop();
  if (acceptor_.joinable()) {
    acceptor_.join();
  }
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [&] { return connections_ == 0 && refused_ == 0; });
  lock.unlock();
  ::close(listener_);
}

std::string HttpServer::url() const {
  const bool is_v6 = options_.host.find(':') != std::string::npos;
  return fmt::format(
      "http://{}{}{}:{}",
      is_v6 ? "[" : "",
      options_.host,
      is_v6 ? "]" : "",
      port_);
}

void HttpServer::start() {
  acceptor_ = std::thread([this] { accept_loop(); });
}

void HttpServer::stop() {
  closing_ = true;
}

bool HttpServer::wait_until_idle(double seconds) {
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, std::chrono::duration<double>(seconds), [&] {
    return connections_ == 0;
  });
}

void HttpServer::accept_loop() {
  while (!closing_) {
    pollfd entry{listener_, POLLIN, 0};
    if (::poll(&entry, 1, kAcceptWait_ms) > 0) {
      accept_one();
    }
  }
}

void HttpServer::accept_one() {
  const int socket = ::accept(listener_, nullptr, nullptr);
  if (socket < 0 && errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
      errno != ENOMEM) {
    return;  // It went before it was served.
  }
  if (socket < 0) {
    // No more descriptors: let some connections end.
    std::this_thread::sleep_for(std::chrono::milliseconds(kAcceptWait_ms));
    return;
  }
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool refused = connections_ >= options_.connections;
  std::atomic<int>& count = refused ? refused_ : connections_;
  if (refused && refused_ >= options_.connections) {
    ::close(socket);  // A flood; even an answer would cost a thread.
    return;
  }
  ++count;
  try {
    std::thread([this, socket, refused] {
      run_connection(socket, refused);
    }).detach();
  } catch (const std::system_error&) {
    ::close(socket);
    --count;
  }
}

void HttpServer::run_connection(int socket, bool refused) {
  {
    HttpConnection connection(
        socket, options_.limits, options_.times, room_, closing_);
    if (refused) {
      connection.refuse(error_body_(HttpError(
          503,
          fmt::format("all {} connections are in use", options_.connections))));
    } else {
      connection.serve(handler_, error_body_);
    }
  }
  // Under the lock: the destructor may run as soon as both are 0.
  const std::lock_guard lock(mutex_);
  --(refused ? refused_ : connections_);
  idle_.notify_all();
}

}  // namespace bantam
