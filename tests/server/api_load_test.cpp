// SPDX-License-Identifier: MIT
// Many clients, rude clients, memory pressure and the end of the server.
#include <algorithm>

#include "test_server.h"

namespace bantam {
namespace {

using Load = ServerTest;

std::string chat_request(const std::string& fields = "") {
  const std::string body = R"({"messages":[{"role":"user","content":"Hi"}])" +
      (fields.empty() ? "" : "," + fields) + "}";
  return "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
         "Content-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<std::string> many_tokens(const Request&) {
  return std::vector<std::string>(900, "word ");
}

TEST_F(Load, AnswersMoreThanOneRequestAConnection) {
  TestClient client(server().port());
  client.send(chat_request() + chat_request(R"("stream":true)"));
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_NE(client.read_answer().body.find("[DONE]"), std::string::npos);
  client.send(chat_request());
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(Load, QueuesAndThenRefusesWithThePosition) {
  options_.queue = 2;
  backend_.held = true;
  server();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int64_t i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<TestClient>(server().port()));
    clients.back()->send(chat_request());
    ASSERT_TRUE(wait_for([&] {
      const auto requests = get("/v1/status").json()["requests"];
      return requests["running"].get<int64_t>() +
          requests["waiting"].get<int64_t>() ==
          i + 1;
    }));
  }
  const Answer refused = send(chat_request());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.json()["error"]["code"], "queue_full");
  EXPECT_NE(refused.body.find("3 requests are ahead"), std::string::npos);
  EXPECT_GE(std::stoi(refused.header("Retry-After")), 1);
  backend_.held = false;
  for (const auto& client : clients) {
    EXPECT_EQ(client->read_answer().status, 200);
  }
  EXPECT_EQ(send(chat_request()).status, 200);
}

TEST_F(Load, AnswersAsManyAtOnceAsTheEngineDoes) {
  options_.queue = 1;
  backend_.at_once = 3;
  backend_.held = true;
  server();
  std::vector<std::unique_ptr<TestClient>> clients;
  for (int64_t i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<TestClient>(server().port()));
    clients.back()->send(chat_request());
    ASSERT_TRUE(wait_for([&] {
      const auto requests = get("/v1/status").json()["requests"];
      return requests["running"] == std::min<int64_t>(i + 1, 3) &&
          requests["waiting"] == (i < 3 ? 0 : 1);
    }));
  }
  EXPECT_EQ(send(chat_request()).json()["error"]["code"], "queue_full");
  backend_.held = false;
  for (const auto& client : clients) {
    EXPECT_EQ(client->read_answer().status, 200);
  }
}

TEST_F(Load, StopsForAClientThatHangsUp) {
  backend_.token_time = std::chrono::milliseconds(5);
  backend_.script = many_tokens;
  for (const char* fields : {R"("stream":true)", ""}) {
    const int64_t before = backend_.tokens();
    TestClient client(server().port());
    client.send(chat_request(fields));
    ASSERT_TRUE(wait_for([&] { return backend_.tokens() > before + 3; }));
    client.close();
    ASSERT_TRUE(wait_for([&] { return !backend_.is_running(); }, 1));
    EXPECT_LT(backend_.tokens(), before + 100);
  }
  EXPECT_TRUE(wait_for(
      [&] { return get("/v1/status").json()["requests"]["hung_up"] == 2; }));
}

#if defined(__linux__)
// What it sent ahead must not hide that it has gone.
TEST_F(Load, StopsForAClientThatHangsUpBehindAnotherRequest) {
  backend_.token_time = std::chrono::milliseconds(5);
  backend_.script = many_tokens;
  TestClient client(server().port());
  client.send(chat_request() + "GET /health HTTP/1.1\r\n");
  ASSERT_TRUE(wait_for([&] { return backend_.tokens() > 3; }));
  client.close();
  ASSERT_TRUE(wait_for([&] { return !backend_.is_running(); }, 1));
  EXPECT_LT(backend_.tokens(), 100);
}
#endif

TEST_F(Load, HoldsTheBytesOfAllBodiesTogether) {
  options_.http.limits.body_bytes = 200'000;
  options_.http.bodies_bytes = 300'000;
  const auto begun = [&](size_t bytes) {
    auto client = std::make_unique<TestClient>(server().port());
    client->send(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\n"
        "Content-Length: 200000\r\n\r\n" +
        std::string(bytes, ' '));
    return client;
  };
  // There is room for one of them; which is refused depends on who is read
  // last.
  std::unique_ptr<TestClient> clients[] = {begun(190'000), begun(190'000)};
  Answer refused;
  ASSERT_TRUE(wait_for([&] {
    return std::ranges::any_of(clients, [&](const auto& client) {
      refused = client->read_answer(0.2);
      return refused.status == 503;
    });
  }));
  EXPECT_EQ(refused.json()["error"]["code"], "busy");
  EXPECT_EQ(refused.header("Retry-After"), "1");
  // Small ones need no room, and what was taken comes back.
  EXPECT_EQ(send(chat_request()).status, 200);
  for (const auto& client : clients) {
    client->close();
  }
  EXPECT_TRUE(
      wait_for([&] { return begun(200'000)->read_answer().status == 400; }));
}

TEST_F(Load, TakesAWaiterThatHangsUpOutOfTheQueue) {
  options_.queue = 1;
  backend_.token_time = std::chrono::milliseconds(20);
  backend_.script = many_tokens;
  TestClient first(server().port());
  first.send(chat_request());
  ASSERT_TRUE(wait_for([&] { return backend_.is_running(); }));
  TestClient second(server().port());
  second.send(chat_request());
  ASSERT_TRUE(wait_for(
      [&] { return get("/v1/status").json()["requests"]["waiting"] == 1; }));
  second.close();
  // Its place is free again.
  EXPECT_TRUE(wait_for([&] {
    TestClient third(server().port());
    third.send(chat_request());
    return third.read_answer(0.1).status != 503;
  }));
}

TEST_F(Load, IsNotHeldUpByAClientThatDoesNotRead) {
  options_.http.times.write_s = 1;
  backend_.script = [](const Request& request) {
    return request.stop.empty()
        ? std::vector<std::string>{"short"}
        : std::vector<std::string>(900, std::string(20000, 'x'));
  };
  TestClient lazy(server().port());
  lazy.send(chat_request(R"("stream":true,"stop":"never")"));
  ASSERT_TRUE(wait_for([&] { return backend_.tokens() > 10; }));
  EXPECT_EQ(send(chat_request()).status, 200);
}

TEST_F(Load, ShedsUnderPressureAndRecovers) {
  server();
  *pressure_ = Pressure::yellow;
  ASSERT_TRUE(wait_for([&] { return get("/health").status == 503; }));
  const Answer refused = send(chat_request());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.json()["error"]["code"], "memory_pressure");
  EXPECT_NE(refused.body.find("yellow"), std::string::npos);
  EXPECT_FALSE(refused.header("Retry-After").empty());
  EXPECT_EQ(get("/v1/models").status, 200);
  *pressure_ = Pressure::green;
  EXPECT_TRUE(wait_for([&] { return send(chat_request()).status == 200; }));
}

// The machine's own samples may come later than that.
TEST_F(Load, ShedsOnceAnAnswerWasStoppedForMemory) {
  options_.watch.calm_s = 0.5;
  backend_.reason = FinishReason::memory;
  backend_.stop_reason = "memory pressure is red";
  backend_.held = true;
  TestClient first(server().port());
  first.send(chat_request());
  ASSERT_TRUE(wait_for([&] { return backend_.is_running(); }));
  TestClient second(server().port());
  second.send(chat_request());
  ASSERT_TRUE(wait_for(
      [&] { return get("/v1/status").json()["requests"]["waiting"] == 1; }));
  backend_.held = false;
  EXPECT_EQ(first.read_answer().status, 200);
  const Answer refused = second.read_answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.json()["error"]["code"], "memory_pressure");
  EXPECT_NE(refused.body.find("is red"), std::string::npos) << refused.body;
  EXPECT_EQ(backend_.requests().size(), 1u);
  backend_.reason = FinishReason::stop;
  EXPECT_TRUE(wait_for([&] { return send(chat_request()).status == 200; }));
}

TEST_F(Load, EndsARequestThatTakesTooLong) {
  options_.limits.request_s = 0.2;
  backend_.token_time = std::chrono::milliseconds(10);
  backend_.script = many_tokens;
  const auto json = send(chat_request()).json();
  EXPECT_EQ(json["choices"][0]["finish_reason"], "length");
  EXPECT_NE(
      json["bantam"]["stop_reason"].get<std::string>().find("longer than"),
      std::string::npos);
}

TEST_F(Load, DrainsWhatHasBegun) {
  backend_.token_time = std::chrono::milliseconds(100);
  TestClient client(server().port());
  client.send(chat_request());
  ASSERT_TRUE(wait_for([&] { return backend_.is_running(); }));
  server().drain();
  const Answer refused = send(chat_request());
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.json()["error"]["code"], "shutting_down");
  EXPECT_FALSE(server().is_drained());
  const Answer answer = client.read_answer();
  EXPECT_EQ(answer.json()["choices"][0]["message"]["content"], "Hello world");
  EXPECT_TRUE(wait_for([&] { return server().is_drained(); }));
}

TEST_F(Load, RefusesMoreConnectionsThanItHas) {
  options_.http.connections = 3;
  std::vector<std::unique_ptr<TestClient>> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(std::make_unique<TestClient>(server().port()));
    idle.back()->send(request("GET", "/health"));
    EXPECT_EQ(idle.back()->read_answer().status, 200);
  }
  const Answer refused = get("/health");
  EXPECT_EQ(refused.status, 503);
  idle.clear();
  EXPECT_TRUE(wait_for([&] { return get("/health").status == 200; }));
}

TEST_F(Load, SurvivesACrowd) {
  options_.queue = 4;
  backend_.at_once = 2;
  backend_.token_time = std::chrono::milliseconds(1);
  server();
  std::atomic<int> answered = 0;
  std::atomic<int> refused = 0;
  std::atomic<int> strange = 0;
  std::vector<std::jthread> crowd;
  for (int c = 0; c < 12; ++c) {
    crowd.emplace_back([&, c] {
      for (int i = 0; i < 25; ++i) {
        TestClient client(server_->port());
        if ((c + i) % 5 == 0) {
          client.send("\x01\x02garbage " + std::to_string(i) + "\r\n\r\n");
          strange += client.read_answer().status == 400 ? 0 : 1;
          continue;
        }
        client.send(chat_request(i % 2 == 0 ? R"("stream":true)" : ""));
        if ((c + i) % 7 == 0) {
          continue;  // hangs up
        }
        const Answer answer = client.read_answer();
        const bool whole = answer.status == 200 && answer.body.size() > 100;
        ++(whole ? answered : answer.status == 503 ? refused : strange);
      }
    });
  }
  crowd.clear();
  EXPECT_EQ(strange, 0);
  EXPECT_GT(answered, 20);
  EXPECT_TRUE(wait_for([&] {
    const auto requests = get("/v1/status").json()["requests"];
    return requests["running"] == 0 && requests["waiting"] == 0;
  }));
}

}  // namespace
}  // namespace bantam
