// SPDX-License-Identifier: MIT
// /v1/responses and /v1/messages over a fake backend.
#include "test_server.h"

namespace bantam {
namespace {

using Dialects = ServerTest;

std::vector<nlohmann::json> parsed(const std::vector<std::string>& events) {
  std::vector<nlohmann::json> list;
  for (const std::string& event : events) {
    list.push_back(nlohmann::json::parse(event));
  }
  return list;
}

std::vector<std::string> types(const std::vector<nlohmann::json>& events) {
  std::vector<std::string> list;
  for (const auto& event : events) {
    list.push_back(event["type"]);
  }
  return list;
}

std::vector<std::string> weather_call(const Request&) {
  return {
      "<tool_call>{\"name\": \"weather\", ",
      "\"arguments\": {\"city\": \"Oslo\"}}</tool_call>"};
}

TEST_F(Dialects, ResponsesAnswer) {
  const Answer answer = post(
      "/v1/responses",
      R"({"input":"Hi","instructions":"Be brief.","max_output_tokens":9})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto json = answer.json();
  EXPECT_EQ(json["object"], "response");
  EXPECT_EQ(json["status"], "completed");
  EXPECT_EQ(json["output"][0]["type"], "message");
  EXPECT_EQ(json["output"][0]["content"][0]["text"], "Hello world");
  EXPECT_EQ(json["usage"]["output_tokens"], 3);
  EXPECT_EQ(json["usage"]["total_tokens"], 10);
  EXPECT_EQ(json["instructions"], "Be brief.");
  const Request request = backend_.requests().at(0);
  EXPECT_EQ(request.max_tokens, 9);
  EXPECT_EQ(
      nlohmann::json::parse(request.messages_json),
      nlohmann::json::parse(R"([{"role":"system","content":"Be brief."},
                                {"role":"user","content":"Hi"}])"));
}

TEST_F(Dialects, ResponsesReadItems) {
  const Answer answer = post("/v1/responses", R"({"input":[
    {"role":"user","content":[{"type":"input_text","text":"Weather?"}]},
    {"type":"function_call","call_id":"c","name":"weather",
     "arguments":"{\"city\":\"Oslo\"}"},
    {"type":"function_call_output","call_id":"c","output":"rain"}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(
      nlohmann::json::parse(backend_.requests().at(0).messages_json),
      nlohmann::json::parse(R"([{"role":"user","content":"Weather?"},
        {"role":"assistant","content":"","tool_calls":[{"id":"c",
         "type":"function","function":{"name":"weather",
         "arguments":{"city":"Oslo"}}}]},
        {"role":"tool","content":"rain","tool_call_id":"c",
         "name":"weather"}])"));
}

TEST_F(Dialects, ResponsesStream) {
  const auto list = parsed(
      events(post("/v1/responses", R"({"input":"Hi","stream":true})").body));
  EXPECT_EQ(
      types(list),
      (std::vector<std::string>{
          "response.created",
          "response.in_progress",
          "response.output_item.added",
          "response.content_part.added",
          "response.output_text.delta",
          "response.output_text.delta",
          "response.output_text.delta",
          "response.output_text.done",
          "response.content_part.done",
          "response.output_item.done",
          "response.completed"}));
  for (size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(list[i]["sequence_number"], i);
  }
  EXPECT_EQ(list[7]["text"], "Hello world");
  EXPECT_EQ(
      list.back()["response"]["output"][0]["content"][0]["text"],
      "Hello world");
}

TEST_F(Dialects, ResponsesCallFunctions) {
  backend_.script = weather_call;
  const std::string body =
      R"({"input":"Hi","tools":[{"type":"function","name":"weather",)"
      R"("parameters":{"type":"object"}}])";
  const auto json = post("/v1/responses", body + "}").json();
  EXPECT_EQ(json["output"][0]["type"], "function_call");
  EXPECT_EQ(json["output"][0]["arguments"], R"({"city": "Oslo"})");
  const auto list =
      parsed(events(post("/v1/responses", body + R"(,"stream":true})").body));
  EXPECT_EQ(
      types(list),
      (std::vector<std::string>{
          "response.created",
          "response.in_progress",
          "response.output_item.added",
          "response.function_call_arguments.delta",
          "response.function_call_arguments.done",
          "response.output_item.done",
          "response.completed"}));
}

TEST_F(Dialects, ResponsesRefuseWhatTheyDoNotKeep) {
  const Answer answer = post(
      "/v1/responses", R"({"input":"Hi","previous_response_id":"resp_1"})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json()["error"]["param"], "previous_response_id");
  EXPECT_EQ(post("/v1/responses", "{}").json()["error"]["param"], "input");
}

TEST_F(Dialects, MessagesAnswer) {
  const Answer answer = post(
      "/v1/messages",
      R"({"max_tokens":50,"system":"Be brief.","messages":[)"
      R"({"role":"user","content":"Hi"}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto json = answer.json();
  EXPECT_EQ(json["type"], "message");
  EXPECT_EQ(json["role"], "assistant");
  EXPECT_EQ(json["content"][0]["text"], "Hello world");
  EXPECT_EQ(json["stop_reason"], "end_turn");
  EXPECT_EQ(json["usage"]["input_tokens"], 7);
  EXPECT_EQ(json["usage"]["output_tokens"], 3);
}

TEST_F(Dialects, MessagesReadBlocks) {
  const Answer answer = post("/v1/messages", R"({"max_tokens":50,"messages":[
    {"role":"user","content":[{"type":"text","text":"Weather?"}]},
    {"role":"assistant","content":[{"type":"text","text":"Let me see."},
      {"type":"tool_use","id":"t","name":"weather","input":{"city":"Oslo"}}]},
    {"role":"user","content":[{"type":"tool_result","tool_use_id":"t",
      "content":[{"type":"text","text":"rain"}]},{"type":"text","text":"So?"}]},
    {"role":"assistant","content":"It"}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Request request = backend_.requests().at(0);
  EXPECT_EQ(request.answer_prefix, "It");
  EXPECT_EQ(
      nlohmann::json::parse(request.messages_json),
      nlohmann::json::parse(R"([{"role":"user","content":"Weather?"},
        {"role":"assistant","content":"Let me see.","tool_calls":[{"id":"t",
         "type":"function","function":{"name":"weather",
         "arguments":{"city":"Oslo"}}}]},
        {"role":"tool","content":"rain","tool_call_id":"t","name":"weather"},
        {"role":"user","content":"So?"}])"));
}

TEST_F(Dialects, MessagesStream) {
  const auto list =
      parsed(events(post(
                        "/v1/messages",
                        R"({"max_tokens":50,"stream":true,"messages":[)"
                        R"({"role":"user","content":"Hi"}]})")
                        .body));
  EXPECT_EQ(
      types(list),
      (std::vector<std::string>{
          "message_start",
          "content_block_start",
          "content_block_delta",
          "content_block_delta",
          "content_block_delta",
          "content_block_stop",
          "message_delta",
          "message_stop"}));
  EXPECT_EQ(list[0]["message"]["usage"]["input_tokens"], 7);
  EXPECT_EQ(list[2]["delta"]["text"], "Hello");
  EXPECT_EQ(list[6]["delta"]["stop_reason"], "end_turn");
}

TEST_F(Dialects, MessagesCallTools) {
  backend_.script = weather_call;
  const std::string body =
      R"({"max_tokens":50,"messages":[{"role":"user","content":"Hi"}],)"
      R"("tools":[{"name":"weather","input_schema":{"type":"object"}}])";
  const auto json = post("/v1/messages", body + "}").json();
  EXPECT_EQ(json["stop_reason"], "tool_use");
  EXPECT_EQ(json["content"][0]["type"], "tool_use");
  EXPECT_EQ(json["content"][0]["input"]["city"], "Oslo");
  const auto list =
      parsed(events(post("/v1/messages", body + R"(,"stream":true})").body));
  EXPECT_EQ(list[1]["content_block"]["type"], "tool_use");
  EXPECT_EQ(list[2]["delta"]["type"], "input_json_delta");
}

TEST_F(Dialects, MessagesErrorsHaveTheirOwnShape) {
  const Answer answer =
      post("/v1/messages", R"({"messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.json()["type"], "error");
  EXPECT_EQ(answer.json()["error"]["type"], "invalid_request_error");
  EXPECT_NE(answer.body.find("max_tokens"), std::string::npos);
}

TEST_F(Dialects, MessagesCountTokens) {
  const Answer answer = post(
      "/v1/messages/count_tokens",
      R"({"messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(answer.json()["input_tokens"], 7);
}

}  // namespace
}  // namespace bantam
