// SPDX-License-Identifier: MIT
// A server over a FakeBackend on a free port, and a client of plain sockets
// that shares no code with it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>

#include "fake_backend.h"
#include "server/api_server.h"

namespace bantam {

/// A machine whose pressure a test sets.
class FakeMachine final : public MemorySource {
 public:
  explicit FakeMachine(std::shared_ptr<std::atomic<Pressure>> pressure)
      : pressure_(std::move(pressure)) {}
  MemorySample sample() noexcept override {
    MemorySample sample;
    sample.t_s = std::chrono::duration<double>(
                     std::chrono::steady_clock::now().time_since_epoch())
                     .count();
    sample.pressure = *pressure_;
    sample.total_bytes = int64_t{16} << 30;
    sample.available_bytes = int64_t{8} << 30;
    return sample;
  }
  MemorySample sample_with_apps() override { return sample(); }

 private:
  std::shared_ptr<std::atomic<Pressure>> pressure_;
};

struct Answer {
  int status = 0;
  std::string head;
  std::string body;

  nlohmann::json json() const {
    return nlohmann::json::parse(body, nullptr, false);
  }
  std::string header(std::string name) const {
    const size_t at = head.find("\r\n" + name + ": ");
    if (at == head.npos) {
      return "";
    }
    const size_t begin = at + name.size() + 4;
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
};

class TestClient {
 public:
  explicit TestClient(int port) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(
                     socket_,
                     reinterpret_cast<const sockaddr*>(&address),
                     sizeof address) == 0;
  }
  ~TestClient() { close(); }
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) {
      ::close(socket_);
      socket_ = -1;
    }
  }
  void send(const std::string& text) {
    size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t count =
          ::send(socket_, text.data() + sent, text.size() - sent, 0);
      if (count <= 0) {
        return;
      }
      sent += static_cast<size_t>(count);
    }
  }
  /// Bytes until `enough(text)`, the connection's end or the time is up.
  template <typename Enough>
  std::string read_until(const Enough& enough, double seconds = 10) {
    const auto start = std::chrono::steady_clock::now();
    while (!enough(text_)) {
      pollfd entry{socket_, POLLIN, 0};
      const auto passed = std::chrono::steady_clock::now() - start;
      if (std::chrono::duration<double>(passed).count() > seconds) {
        break;
      }
      if (::poll(&entry, 1, 50) <= 0) {
        continue;
      }
      char buffer[16384];
      const ssize_t count = ::recv(socket_, buffer, sizeof buffer, 0);
      if (count <= 0) {
        ended_ = true;
        break;
      }
      text_.append(buffer, static_cast<size_t>(count));
    }
    return text_;
  }
  bool ended() const { return ended_; }

  /// One answer: by its length, its chunks, or the connection's end.
  Answer read_answer(double seconds = 10) {
    read_until(
        [](const std::string& text) {
          return text.find("\r\n\r\n") != text.npos;
        },
        seconds);
    Answer answer;
    const size_t end = text_.find("\r\n\r\n");
    if (end == text_.npos) {
      return answer;
    }
    answer.head = text_.substr(0, end + 2);
    text_.erase(0, end + 4);
    answer.status = std::stoi(answer.head.substr(9, 3));
    if (answer.header("Transfer-Encoding") == "chunked") {
      read_chunks(answer, seconds);
      return answer;
    }
    const std::string length = answer.header("Content-Length");
    if (length.empty()) {
      return answer;
    }
    const auto size = static_cast<size_t>(std::stoll(length));
    read_until(
        [&](const std::string& text) { return text.size() >= size; }, seconds);
    answer.body = text_.substr(0, size);
    text_.erase(0, size);
    return answer;
  }

 private:
  void read_chunks(Answer& answer, double seconds) {
    while (true) {
      read_until(
          [](const std::string& text) {
            return text.find("\r\n") != text.npos;
          },
          seconds);
      const size_t line = text_.find("\r\n");
      if (line == text_.npos) {
        return;
      }
      const size_t size = std::stoul(text_.substr(0, line), nullptr, 16);
      read_until(
          [&](const std::string& text) {
            return text.size() >= line + size + 4;
          },
          seconds);
      if (text_.size() < line + size + 4) {
        return;
      }
      answer.body += text_.substr(line + 2, size);
      text_.erase(0, line + size + 4);
      if (size == 0) {
        return;
      }
    }
  }

  int socket_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  std::string text_;
};

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    ::signal(SIGPIPE, SIG_IGN);
    options_.http.port = 0;
    options_.watch.period_s = 0.02;
    options_.watch.calm_s = 0.1;
    model_.id = "fake";
    model_.context_tokens = 4096;
    model_.budget_tokens = 1024;
    model_.vocabulary = 1000;
    model_.chat_template =
        "{% if tools %}<tool_call>{% endif %}{{ enable_thinking }}";
    model_.plan = {{"total_bytes", 1000}};
  }

  ApiServer& server() {
    if (!server_) {
      server_ = std::make_unique<ApiServer>(
          options_, model_, backend_, std::make_unique<FakeMachine>(pressure_));
      server_->start();
    }
    return *server_;
  }

  Answer send(const std::string& text, double seconds = 10) {
    TestClient client(server().port());
    client.send(text);
    return client.read_answer(seconds);
  }
  static std::string request(
      const std::string& method,
      const std::string& path,
      const std::string& body = "",
      const std::string& headers = "") {
    return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  Answer get(const std::string& path) { return send(request("GET", path)); }
  Answer post(const std::string& path, const std::string& body) {
    return send(request("POST", path, body));
  }
  Answer chat(const std::string& fields) {
    return post(
        "/v1/chat/completions",
        R"({"messages":[{"role":"user","content":"Hi"}])" +
            (fields.empty() ? "" : "," + fields) + "}");
  }
  /// The data of each event of a stream.
  static std::vector<std::string> events(const std::string& body) {
    std::vector<std::string> list;
    for (size_t at = 0; (at = body.find("data: ", at)) != body.npos;) {
      const size_t end = body.find('\n', at);
      list.push_back(body.substr(at + 6, end - at - 6));
      at = end;
    }
    return list;
  }
  template <typename Condition>
  static bool wait_for(const Condition& condition, double seconds = 5) {
    const auto start = std::chrono::steady_clock::now();
    while (!condition()) {
      if (std::chrono::duration<double>(
              std::chrono::steady_clock::now() - start)
              .count() > seconds) {
        return false;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  ApiServerOptions options_;
  ServedModel model_;
  FakeBackend backend_;
  std::shared_ptr<std::atomic<Pressure>> pressure_ =
      std::make_shared<std::atomic<Pressure>>(Pressure::green);
  std::unique_ptr<ApiServer> server_;  // last: it uses the backend
};

}  // namespace bantam
