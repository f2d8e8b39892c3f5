// SPDX-License-Identifier: MIT
// The engine over a tiny random model: context 256, 272 tokens.
#include "bantam/engine.h"

#include <gtest/gtest.h>

#include <thread>

namespace bantam {
namespace {

const std::string kModels = BANTAM_TEST_DIR "/models/";

EngineOptions options(int64_t max_kv_size = 1024) {
  return {
      .model = kModels + "llama_gguf_q4_0/model.gguf",
      .threads = 2,
      .max_kv_size = max_kv_size};
}

Request raw(std::string prompt, int64_t max_tokens = 12) {
  Request request;
  request.prompt = std::move(prompt);
  request.use_chat_template = false;
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  return request;
}

ErrorCode code_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::internal;
}

TEST(Engine, StreamsWhatItReturns) {
  Engine engine(options());
  std::string streamed;
  int64_t read = 0;
  const Result result = engine.generate(
      raw("abc def"),
      {.text = [&](std::string_view piece) { streamed += piece; },
       .prefill = [&](int64_t done, int64_t) { read = done; }});
  EXPECT_EQ(streamed, result.text);
  EXPECT_EQ(read, result.prompt_tokens);
  EXPECT_EQ(result.completion_tokens(), 12);
  EXPECT_EQ(result.finish_reason, FinishReason::length);
  EXPECT_EQ(result.memory.kv_budget_tokens, 1024);
}

TEST(Engine, EachRequestStartsAfresh) {
  Engine engine(options());
  const Result first = engine.generate(raw("abc def"));
  engine.generate(raw("something else entirely", 30));
  EXPECT_EQ(engine.generate(raw("abc def")).token_ids, first.token_ids);
  Engine other(options());
  EXPECT_EQ(other.generate(raw("abc def")).token_ids, first.token_ids);
}

TEST(Engine, MayBeUsedFromAnotherThread) {
  Engine engine(options());
  const auto here = engine.generate(raw("abc")).token_ids;
  std::vector<int32_t> there;
  std::thread([&] { there = engine.generate(raw("abc")).token_ids; }).join();
  EXPECT_EQ(there, here);
}

TEST(Engine, StopStringsEndTheAnswer) {
  Engine engine(options());
  const std::string whole = engine.generate(raw("abc def", 30)).text;
  ASSERT_GT(whole.size(), 6u);
  Request request = raw("abc def", 30);
  request.stop = {whole.substr(4, 2)};
  const Result result = engine.generate(request);
  EXPECT_EQ(result.finish_reason, FinishReason::stop);
  EXPECT_EQ(result.text, whole.substr(0, whole.find(request.stop[0])));
}

TEST(Engine, EndTokensBySpellingOrId) {
  Engine engine(options());
  const auto ids = engine.generate(raw("abc def", 8)).token_ids;
  Request request = raw("abc def", 8);
  request.end_tokens = {std::to_string(ids[3])};
  const Result result = engine.generate(request);
  EXPECT_EQ(result.finish_reason, FinishReason::stop);
  EXPECT_LE(result.completion_tokens(), 4);
  request.end_tokens = {"no such token"};
  EXPECT_EQ(
      code_of([&] { engine.generate(request); }), ErrorCode::invalid_request);
}

TEST(Engine, AStopRequestKeepsWhatWasGenerated) {
  Engine engine(options());
  std::stop_source stop;
  int pieces = 0;
  const Result result = engine.generate(
      raw("abc def", 100),
      {.text =
           [&](std::string_view) {
             if (++pieces == 3) {
               stop.request_stop();
             }
           }},
      stop.get_token());
  EXPECT_EQ(result.finish_reason, FinishReason::cancelled);
  EXPECT_LT(result.completion_tokens(), 100);
  EXPECT_FALSE(result.text.empty());
  stop.request_stop();
  EXPECT_EQ(
      engine.generate(raw("abc"), {}, stop.get_token()).completion_tokens(), 0);
}

TEST(Engine, TheContextIsALimitAndTheBudgetIsCounted) {
  Engine engine(options(16));
  const Result result = engine.generate(raw("abc def ghi", 1000));
  EXPECT_EQ(result.finish_reason, FinishReason::length);
  EXPECT_EQ(result.prompt_tokens + result.completion_tokens(), 256);
  EXPECT_EQ(result.memory.kv_dropped_tokens, 255 - 16);
  EXPECT_EQ(result.notes.size(), 1u);
  EXPECT_EQ(
      code_of([&] { engine.generate(raw(std::string(4000, 'z'))); }),
      ErrorCode::invalid_request);
}

TEST(Engine, RefusesWhatItCannotDo) {
  EXPECT_EQ(
      code_of([] { Engine engine({.model = "/no/such/model"}); }),
      ErrorCode::not_found);
  EngineOptions tiny_cache = options(4);
  EXPECT_EQ(
      code_of([&] { Engine engine(tiny_cache); }), ErrorCode::invalid_request);
  Engine engine(options());
  EXPECT_EQ(
      code_of([&] { engine.generate(raw("a\xFF")); }),
      ErrorCode::invalid_request);
  EXPECT_EQ(
      code_of([&] { engine.generate(raw("abc", 0)); }),
      ErrorCode::invalid_request);
  Request request = raw("abc");
  request.sampling.top_p = 2;
  EXPECT_EQ(
      code_of([&] { engine.generate(request); }), ErrorCode::invalid_request);
}

TEST(Engine, LogitsDoNotDependOnChunks) {
  Engine engine(options());
  const std::vector<int32_t> ids{5, 6, 7, 8, 9, 10, 11};
  const auto rows = [&](int64_t chunk) {
    std::vector<std::vector<float>> all;
    engine.logits(ids, chunk, [&](std::span<const float> row) {
      all.emplace_back(row.begin(), row.end());
    });
    return all;
  };
  EXPECT_EQ(rows(1), rows(100));
  EXPECT_EQ(rows(1).size(), ids.size());
}

}  // namespace
}  // namespace bantam
