// SPDX-License-Identifier: MIT
// What is refused, with which status, and that it always names the field.
#include <chrono>
#include <thread>

#include "test_server.h"

namespace bantam {
namespace {

using Errors = ServerTest;

void expect_error(
    const Answer& answer,
    int status,
    const std::string& param,
    const std::string& about = "") {
  const auto json = answer.json();
  ASSERT_EQ(answer.status, status) << param << ": " << answer.body;
  ASSERT_TRUE(json.contains("error")) << answer.body;
  const auto& error = json["error"];
  EXPECT_TRUE(error["message"].is_string());
  EXPECT_TRUE(error["type"].is_string());
  EXPECT_TRUE(error.contains("code"));
  if (param.empty()) {
    EXPECT_TRUE(error["param"].is_null()) << answer.body;
  } else {
    EXPECT_EQ(error["param"], param) << answer.body;
  }
  EXPECT_NE(error["message"].get<std::string>().find(about), std::string::npos)
      << answer.body;
}

TEST_F(Errors, NameTheFieldOfAChat) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("temperature":"hot")", "temperature"},
      {R"("temperature":3)", "temperature"},
      {R"("temperature":-0.1)", "temperature"},
      {R"("top_p":2)", "top_p"},
      {R"("n":0)", "n"},
      {R"("n":1000)", "n"},
      {R"("n":1.5)", "n"},
      {R"("max_tokens":0)", "max_tokens"},
      {R"("max_tokens":"x")", "max_tokens"},
      {R"("max_tokens":5,"max_completion_tokens":6)", "max_tokens"},
      {R"("max_tokens":99999999999999999999999)", "max_tokens"},
      {R"("stop":[""])", "stop"},
      {R"("stop":7)", "stop"},
      {R"("stream":1)", "stream"},
      {R"("stream_options":{"include_usage":true})", "stream_options"},
      {R"("logprobs":3)", "logprobs"},
      {R"("top_logprobs":3)", "top_logprobs"},
      {R"("logprobs":true,"top_logprobs":99)", "top_logprobs"},
      {R"("seed":1.5)", "seed"},
      {R"("logit_bias":[1])", "logit_bias"},
      {R"("logit_bias":{"x":1})", "logit_bias"},
      {R"("logit_bias":{"5000":1})", "logit_bias"},
      {R"("logit_bias":{"5":1000})", "logit_bias"},
      {R"("presence_penalty":9)", "presence_penalty"},
      {R"("frequency_penalty":null,"frequency_penalty":9)",
       "frequency_penalty"},
      {R"("max_kv_size":9999)", "max_kv_size"},
      {R"("functions":[])", "functions"},
      {R"("modalities":["audio"])", "modalities"},
      {R"("response_format":{"type":"xml"})", "response_format.type"},
      {R"("response_format":{"type":"json_schema","json_schema":{"name":"x"}})",
       "response_format.json_schema.schema"},
      {R"("response_format":{"type":"json_schema","json_schema":)"
       R"({"name":"x","schema":{"type":"strange"}}})",
       "response_format.json_schema.schema"},
      {R"("response_format":{"type":"json_schema","json_schema":)"
       R"({"name":"x","schema":{"type":"string","pattern":"a+"}}})",
       "response_format.json_schema.schema"},
      {R"("tools":[{"type":"function"}])", "tools[0].function"},
      {R"("tools":[{"type":"retrieval"}])", "tools[0].type"},
      {R"("tools":[{"type":"function","function":{"name":"a b"}}])",
       "tools[0].function.name"},
      {R"("tool_choice":"required")", "tool_choice"},
      {R"("tool_choice":"sometimes")", "tool_choice"},
      {R"("tools":[{"type":"function","function":{"name":"a"}}],)"
       R"("tool_choice":{"type":"function","function":{"name":"b"}})",
       "tool_choice"},
      {R"("reasoning_effort":"much")", "reasoning_effort"},
      {R"("temprature":1)", "temprature"},
  };
  for (const auto& [fields, param] : cases) {
    expect_error(chat(fields), 400, param);
  }
  EXPECT_TRUE(backend_.requests().empty());
}

TEST_F(Errors, NameTheFieldOfAMessage) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"messages":[]})", "messages"},
      {R"({"messages":"hi"})", "messages"},
      {R"({})", "messages"},
      {R"({"messages":["hi"]})", "messages[0]"},
      {R"({"messages":[{"content":"x"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"king","content":"x"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"messages":[{"role":"user","content":5}]})", "messages[0].content"},
      {R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}]})",
       "messages[0].content[0].type"},
      {R"({"messages":[{"role":"user","content":[{"type":"text"}]}]})",
       "messages[0].content[0].text"},
      {R"({"messages":[{"role":"user","content":"x","colour":1}]})",
       "messages[0].colour"},
      {R"({"messages":[{"role":"assistant","tool_calls":[{}]}]})",
       "messages[0].tool_calls[0].function"},
  };
  for (const auto& [body, param] : cases) {
    expect_error(post("/v1/chat/completions", body), 400, param);
  }
}

TEST_F(Errors, RefuseWhatIsNoJson) {
  for (const std::string& body : std::vector<std::string>{
           "",
           "{",
           "[]",
           "null",
           "\"x\"",
           "{\"messages\": [}",
           "{\"a\": NaN}",
           "\xff\xfe",
           "{\"messages\":[{\"role\":\"user\",\"content\":\"\xc3(\"}]}",
           "{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}",
           std::string(100000, '['),
           std::string("{\"a\":\0}", 7)}) {
    expect_error(post("/v1/chat/completions", body), 400, "");
  }
}

TEST_F(Errors, KnowTheRoutes) {
  expect_error(get("/nothing"), 404, "");
  expect_error(get("/v1/chat/completions"), 405, "");
  EXPECT_EQ(get("/v1/chat/completions").header("Allow"), "POST");
  expect_error(post("/v1/models", "{}"), 405, "");
  expect_error(get("/v1/models/other"), 404, "model", "other");
  expect_error(post("/v1/embeddings", "{}"), 404, "", "--documents");
  expect_error(chat(R"("model":"gpt-9")"), 404, "model", "gpt-9");
  EXPECT_EQ(chat(R"("model":"fake")").status, 200);
}

TEST_F(Errors, RefuseWhatPassesTheBudgetWithItsNumbers) {
  backend_.prompt_length = 1000;
  expect_error(chat(R"("max_tokens":100)"), 400, "max_tokens", "1100");
  EXPECT_EQ(chat(R"("max_tokens":24)").status, 200);
  backend_.prompt_length = 2000;
  expect_error(chat(""), 400, "messages", "1024");
  EXPECT_EQ(chat("").json()["error"]["code"], "context_length_exceeded");
  backend_.prompt_length = 10;
  expect_error(
      chat(R"("max_kv_size":20,"max_tokens":11)"), 400, "max_tokens", "20");
  EXPECT_EQ(backend_.requests().size(), 1u);
}

TEST_F(Errors, PassTheEnginesOn) {
  backend_.failure = "the template says no";
  expect_error(chat(""), 400, "", "the template says no");
  expect_error(chat(R"("stream":true)"), 400, "", "the template says no");
}

TEST_F(Errors, AnswerBrokenHttp) {
  expect_error(send("garbage\r\n\r\n"), 400, "");
  expect_error(send("GET / HTTP/3.0\r\n\r\n"), 505, "");
  options_.http.limits.body_bytes = 100;
  server_.reset();
  expect_error(post("/v1/chat/completions", std::string(200, 'x')), 413, "");
  expect_error(
      send(request(
          "GET", "/health", "", "X: " + std::string(40000, 'x') + "\r\n")),
      431,
      "");
  // Even while a large body is still being sent.
  expect_error(
      post("/v1/chat/completions", std::string(20 << 20, 'x')), 413, "");
}

TEST_F(Errors, AnswerARequestThatNeverEnds) {
  options_.http.times.request_s = 0.2;
  expect_error(
      send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc"),
      408,
      "");
  expect_error(send("GET / HT"), 408, "");
}

TEST_F(Errors, AskForTheKey) {
  options_.api_key = "secret";
  EXPECT_EQ(get("/health").status, 200);
  expect_error(get("/v1/models"), 401, "");
  const auto with = [&](const std::string& header) {
    return send(request("GET", "/v1/models", "", header)).status;
  };
  EXPECT_EQ(with("Authorization: Bearer secret\r\n"), 200);
  EXPECT_EQ(with("x-api-key: secret\r\n"), 200);
  EXPECT_EQ(with("Authorization: Bearer secre\r\n"), 401);
  EXPECT_EQ(with("Authorization: Bearer secrets\r\n"), 401);
  EXPECT_EQ(with("Authorization: Bearer \r\n"), 401);
}

TEST_F(Errors, NeedAKeyForOtherMachines) {
  options_.http.host = "0.0.0.0";
  EXPECT_THROW(server(), Error);
  options_.api_key = "secret";
  EXPECT_NO_THROW(server());
}

TEST_F(Errors, KeepOtherSitesOut) {
  const auto from = [&](const std::string& origin) {
    return send(request("GET", "/v1/models", "", "Origin: " + origin + "\r\n"));
  };
  EXPECT_EQ(from("https://evil.example").status, 403);
  EXPECT_EQ(from("null").status, 403);
  EXPECT_EQ(from("http://localhost.evil.example").status, 403);
  const Answer local = from("http://localhost:3000");
  EXPECT_EQ(local.status, 200);
  EXPECT_EQ(
      local.header("Access-Control-Allow-Origin"), "http://localhost:3000");
}

TEST_F(Errors, ShowThePageUnderAStrictPolicy) {
  const Answer page = get("/");
  EXPECT_EQ(page.status, 200);
  const std::string policy = page.header("Content-Security-Policy");
  EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(page.body.find("NONCE"), std::string::npos);
  EXPECT_EQ(page.body.find("http://"), page.body.find("http://www.w3.org"));
  EXPECT_EQ(page.body.find("https://"), std::string::npos);
}

// Of what has no end either.
TEST_F(Errors, AnswerHeadWithTheHeadAlone) {
  for (const char* path : {"/health", "/v1/status/stream"}) {
    TestClient client(server().port());
    client.send(request("HEAD", path, "", "Connection: close\r\n"));
    const std::string text =
        client.read_until([](const std::string&) { return false; }, 5);
    EXPECT_TRUE(client.ended()) << path;
    EXPECT_TRUE(text.starts_with("HTTP/1.1 200")) << text;
    EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
  }
}

TEST_F(Errors, TellTheState) {
  chat("");
  // A request is counted once its answer is out, so the next one may come
  // first.
  const std::string counted =
      "route=\"/v1/chat/completions\",status=\"200\"} 1\n";
  std::string metrics;
  for (int i = 0; i < 500 && metrics.find(counted) == metrics.npos; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(i > 0 ? 10 : 0));
    metrics = get("/metrics").body;
  }
  EXPECT_NE(metrics.find(counted), metrics.npos) << metrics;
  for (const char* line :
       {"bantam_completion_tokens_total 3\n",
        "bantam_prompt_tokens_total 7\n",
        "bantam_answers_total{reason=\"stop\"} 1\n",
        "bantam_first_token_seconds_count 1\n",
        "bantam_memory_pressure 1\n"}) {
    EXPECT_NE(metrics.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(get("/v1/models").json()["data"][0]["id"], "fake");
  EXPECT_EQ(get("/v1/models/fake").json()["object"], "model");
  EXPECT_EQ(get("/v1/plan").json()["total_bytes"], 1000);
  EXPECT_EQ(get("/v1/status").json()["requests"]["answers"], 1);
  EXPECT_EQ(get("/health").json()["status"], "ok");
}

}  // namespace
}  // namespace bantam
