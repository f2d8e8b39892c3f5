// SPDX-License-Identifier: MIT
// POST /v1/chat/completions and /v1/completions over a fake backend.
#include "test_server.h"

namespace bantam {
namespace {

using Chat = ServerTest;

const std::string kTools =
    R"("tools":[{"type":"function","function":{"name":"weather",)"
    R"("parameters":{"type":"object","properties":{"city":{"type":"string"}},)"
    R"("required":["city"]}}}])";

TEST_F(Chat, AnswersInOpenAiShape) {
  const Answer answer = chat(R"("temperature":0.5,"seed":3,"user":"me")");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto json = answer.json();
  EXPECT_EQ(json["object"], "chat.completion");
  EXPECT_EQ(json["model"], "fake");
  EXPECT_EQ(json["choices"][0]["message"]["role"], "assistant");
  EXPECT_EQ(json["choices"][0]["message"]["content"], "Hello world");
  EXPECT_EQ(json["choices"][0]["finish_reason"], "stop");
  EXPECT_TRUE(json["choices"][0]["logprobs"].is_null());
  EXPECT_EQ(json["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(json["usage"]["completion_tokens"], 3);
  EXPECT_EQ(json["usage"]["total_tokens"], 10);
  EXPECT_EQ(answer.header("x-bantam-ignored"), "user");
  const Request request = backend_.requests().at(0);
  EXPECT_EQ(request.sampling.temperature, 0.5);
  EXPECT_EQ(request.sampling.seed, 3u);
  EXPECT_EQ(request.max_tokens, 1024 - 7);
  EXPECT_EQ(
      nlohmann::json::parse(request.messages_json),
      nlohmann::json::parse(R"([{"role":"user","content":"Hi"}])"));
}

TEST_F(Chat, StreamsChunks) {
  const Answer answer =
      chat(R"("stream":true,"stream_options":{"include_usage":true})");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("Content-Type"), "text/event-stream");
  const auto list = events(answer.body);
  ASSERT_EQ(list.size(), 7u) << answer.body;
  std::string text;
  for (size_t i = 0; i + 2 < list.size(); ++i) {
    const auto chunk = nlohmann::json::parse(list[i]);
    EXPECT_EQ(chunk["object"], "chat.completion.chunk");
    text += chunk["choices"][0]["delta"].value("content", "");
    EXPECT_TRUE(chunk["usage"].is_null());
  }
  EXPECT_EQ(text, "Hello world");
  EXPECT_EQ(
      nlohmann::json::parse(list[4])["choices"][0]["finish_reason"], "stop");
  const auto usage = nlohmann::json::parse(list[5]);
  EXPECT_EQ(usage["choices"].size(), 0u);
  EXPECT_EQ(usage["usage"]["completion_tokens"], 3);
  EXPECT_EQ(list[6], "[DONE]");
}

TEST_F(Chat, GivesEachChoiceASeed) {
  const Answer answer = chat(R"("n":3,"seed":10)");
  EXPECT_EQ(answer.json()["choices"].size(), 3u);
  EXPECT_EQ(answer.json()["choices"][2]["index"], 2);
  EXPECT_EQ(answer.json()["usage"]["prompt_tokens"], 7);
  EXPECT_EQ(answer.json()["usage"]["completion_tokens"], 9);
  EXPECT_EQ(backend_.requests().at(2).sampling.seed, 12u);
}

TEST_F(Chat, TellsLogprobs) {
  const auto content = chat(R"("logprobs":true,"top_logprobs":2)")
                           .json()["choices"][0]["logprobs"]["content"];
  ASSERT_EQ(content.size(), 3u);
  EXPECT_EQ(content[0]["token"], "Hello");
  EXPECT_EQ(content[0]["logprob"], -0.25);
  EXPECT_EQ(content[0]["bytes"].size(), 5u);
  EXPECT_EQ(content[0]["top_logprobs"].size(), 2u);
  EXPECT_EQ(content[0]["top_logprobs"][1]["token"], "t1");
}

TEST_F(Chat, StreamsLogprobsWithTheirTokens) {
  const auto list = events(chat(R"("logprobs":true,"stream":true)").body);
  size_t rated = 0;
  for (const std::string& data : list) {
    if (data != "[DONE]") {
      const auto chunk = nlohmann::json::parse(data);
      const auto& logprobs = chunk["choices"][0]["logprobs"];
      rated += logprobs.is_null() ? 0 : logprobs["content"].size();
    }
  }
  EXPECT_EQ(rated, 3u);
}

TEST_F(Chat, ReturnsToolCalls) {
  backend_.script = [](const Request&) {
    return std::vector<std::string>{
        "Let me see.\n",
        "<tool_",
        "call>\n{\"name\": \"wea",
        "ther\", ",
        "\"arguments\": {\"city\": ",
        "\"Paris\"}}\n</tool_call>"};
  };
  const auto choice = chat(kTools).json()["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_EQ(choice["message"]["content"], "Let me see.");
  ASSERT_EQ(choice["message"]["tool_calls"].size(), 1u);
  const auto call = choice["message"]["tool_calls"][0];
  EXPECT_EQ(call["type"], "function");
  EXPECT_EQ(call["function"]["name"], "weather");
  EXPECT_EQ(
      nlohmann::json::parse(call["function"]["arguments"].get<std::string>()),
      nlohmann::json::parse(R"({"city":"Paris"})"));
  // The template sees the tools.
  EXPECT_EQ(
      nlohmann::json::parse(backend_.requests().at(0).tools_json)[0]["type"],
      "function");
}

TEST_F(Chat, StreamsToolCallsPieceByPiece) {
  backend_.script = [](const Request&) {
    return std::vector<std::string>{
        "<tool_call>{\"name\": \"weather\", \"arguments\": {\"ci",
        "ty\": \"Pa",
        "ris\"}}",
        "</tool_call>"};
  };
  const auto list = events(chat(kTools + R"(,"stream":true)").body);
  std::string arguments;
  std::string name;
  int pieces = 0;
  std::string reason;
  for (const std::string& data : list) {
    if (data == "[DONE]") {
      continue;
    }
    const auto choice = nlohmann::json::parse(data)["choices"][0];
    if (choice["delta"].contains("tool_calls")) {
      const auto call = choice["delta"]["tool_calls"][0];
      EXPECT_EQ(call["index"], 0);
      name += call["function"].value("name", "");
      arguments += call["function"].value("arguments", "");
      ++pieces;
    }
    if (!choice["finish_reason"].is_null()) {
      reason = choice["finish_reason"];
    }
  }
  EXPECT_EQ(name, "weather");
  EXPECT_EQ(arguments, "{\"city\": \"Paris\"}");
  EXPECT_GE(pieces, 4);
  EXPECT_EQ(reason, "tool_calls");
}

TEST_F(Chat, ReturnsAMalformedCallAsText) {
  backend_.script = [](const Request&) {
    return std::vector<std::string>{
        "<tool_call>{\"name\": \"nosuch\", \"arguments\": {}}</tool_call>"};
  };
  const auto choice = chat(kTools).json()["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "malformed_tool_call");
  EXPECT_NE(
      choice["message"]["content"].get<std::string>().find("nosuch"),
      std::string::npos);
  EXPECT_FALSE(choice["message"].contains("tool_calls"));
}

TEST_F(Chat, HoldsARequiredCallToItsSchema) {
  backend_.script = [](const Request&) {
    return std::vector<std::string>{
        R"({"name": "weather", "arguments": {"city": "Oslo"}})"};
  };
  const auto choice =
      chat(kTools + R"(,"tool_choice":"required")").json()["choices"][0];
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_EQ(
      choice["message"]["tool_calls"][0]["function"]["arguments"],
      R"({"city": "Oslo"})");
  const Request request = backend_.requests().at(0);
  EXPECT_EQ(request.answer_prefix, "<tool_call>\n");
  EXPECT_NE(request.json_schema.find("weather"), std::string::npos);
}

TEST_F(Chat, StopsAfterOneCallWhereOnlyOneIsWanted) {
  backend_.token_time = std::chrono::milliseconds(1);
  backend_.script = [](const Request&) {
    std::vector<std::string> tokens{
        R"(<tool_call>{"name": "weather", "arguments": {"city": "A"}})",
        "</tool_call>"};
    tokens.resize(1000, "x");
    return tokens;
  };
  const auto choice =
      chat(kTools + R"(,"parallel_tool_calls":false)").json()["choices"][0];
  EXPECT_EQ(choice["message"]["tool_calls"].size(), 1u);
  EXPECT_EQ(choice["finish_reason"], "tool_calls");
  EXPECT_LT(backend_.tokens(), 900);
}

TEST_F(Chat, HandsTheConversationToTheTemplate) {
  const Answer answer = post("/v1/chat/completions", R"({"messages":[
    {"role":"developer","content":"Be brief."},
    {"role":"user","content":[{"type":"text","text":"a"},
                              {"type":"text","text":"b"}]},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1",
      "type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},
    {"role":"tool","tool_call_id":"c1","content":"42"}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(
      nlohmann::json::parse(backend_.requests().at(0).messages_json),
      nlohmann::json::parse(R"([
        {"role":"system","content":"Be brief."},
        {"role":"user","content":"ab"},
        {"role":"assistant","content":"","tool_calls":[{"id":"c1",
          "type":"function","function":{"name":"f","arguments":{"x":1}}}]},
        {"role":"tool","tool_call_id":"c1","content":"42","name":"f"}])"));
}

TEST_F(Chat, PassesASchemaOn) {
  const Answer answer = chat(
      R"("response_format":{"type":"json_schema","json_schema":{"name":"n",)"
      R"("schema":{"type":"object","properties":{"a":{"type":"integer"}}}}})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(
      backend_.requests().at(0).json_schema.find("integer"), std::string::npos);
  EXPECT_EQ(chat(R"("response_format":{"type":"json_object"})").status, 200);
  EXPECT_EQ(backend_.requests().at(1).json_schema, R"({"type":"object"})");
}

TEST_F(Chat, CompletesPrompts) {
  const Answer answer = post(
      "/v1/completions",
      R"({"prompt":["ab","cd"],"max_tokens":2,"echo":true,"n":2})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto json = answer.json();
  EXPECT_EQ(json["object"], "text_completion");
  ASSERT_EQ(json["choices"].size(), 4u);
  EXPECT_EQ(json["choices"][0]["text"], "abHello ");
  EXPECT_EQ(json["choices"][3]["text"], "cdHello ");
  EXPECT_EQ(json["choices"][3]["finish_reason"], "length");
  EXPECT_FALSE(backend_.requests().at(0).use_chat_template);
  EXPECT_EQ(post("/v1/completions", R"({"prompt":[1,2,3]})").status, 200);
  EXPECT_EQ(
      backend_.requests().back().prompt_ids, (std::vector<int32_t>{1, 2, 3}));
  EXPECT_EQ(backend_.requests().back().max_tokens, 16);
}

TEST_F(Chat, StreamsCompletions) {
  const auto list =
      events(post("/v1/completions", R"({"prompt":"x","stream":true})").body);
  ASSERT_EQ(list.size(), 5u);
  EXPECT_EQ(nlohmann::json::parse(list[0])["choices"][0]["text"], "Hello");
  EXPECT_EQ(list[4], "[DONE]");
}

TEST_F(Chat, SaysThatTheGuardStoppedIt) {
  backend_.reason = FinishReason::memory;
  backend_.stop_reason = "memory pressure is red";
  const auto json = chat("").json();
  EXPECT_EQ(json["choices"][0]["finish_reason"], "length");
  EXPECT_EQ(json["bantam"]["finish_reason"], "memory");
  EXPECT_EQ(json["bantam"]["stop_reason"], "memory pressure is red");
}

}  // namespace
}  // namespace bantam
