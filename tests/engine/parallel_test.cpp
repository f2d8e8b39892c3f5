// SPDX-License-Identifier: MIT
// Several requests at the same time: each has the answer that it would have
// alone, none waits for another's reader, and conversations keep their caches.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "../base/temporary_folder.h"
#include "bantam/engine.h"

namespace bantam {
namespace {

const std::string kModels = BANTAM_TEST_DIR "/models/";
const std::string kTiny = kModels + "llama_gguf_q4_0/model.gguf";

EngineOptions options(const std::string& model, int64_t parallel) {
  return {
      .model = model,
      .threads = 2,
      .max_kv_size = 200,
      .prefill_chunk = 16,
      .prefix_cache_bytes = kAutoPrefixCache,
      .parallel = parallel};
}

Request raw(std::string prompt, int64_t max_tokens = 20, uint64_t seed = 0) {
  Request request;
  request.prompt = std::move(prompt);
  request.use_chat_template = false;
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0.9;
  request.sampling.seed = seed;
  request.top_logprobs = 0;
  return request;
}

std::vector<double> logprobs(const Result& result) {
  std::vector<double> values;
  for (const TokenChoice& choice : result.logprobs) {
    values.push_back(choice.chosen.logprob);
  }
  return values;
}

class SeveralAtOnce : public ::testing::TestWithParam<const char*> {};

TEST_P(SeveralAtOnce, AnswerAsEachAlone) {
  const std::string model = kModels + GetParam();
  std::vector<Request> requests;
  for (int i = 0; i < 6; ++i) {
    // Some go on where others end.
    const std::string prompt(7 + 23 * (i % 3), static_cast<char>('a' + i % 3));
    requests.push_back(raw(prompt + (i > 2 ? " and more" : ""), 10 + 5 * i, i));
  }
  std::vector<Result> together(requests.size());
  {
    Engine engine(options(model, 3));
    EXPECT_EQ(engine.parallel(), 3);
    std::vector<std::thread> threads;
    for (size_t i = 0; i < requests.size(); ++i) {
      threads.emplace_back(
          [&, i] { together[i] = engine.generate(requests[i]); });
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    EngineOptions alone = options(model, 1);
    alone.reuse_prefix = false;
    const Result expected = Engine(alone).generate(requests[i]);
    EXPECT_EQ(together[i].token_ids, expected.token_ids) << "request " << i;
    EXPECT_EQ(logprobs(together[i]), logprobs(expected)) << "request " << i;
    EXPECT_FALSE(expected.token_ids.empty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Models,
    SeveralAtOnce,
    ::testing::Values(
        "llama_gguf_q4_0/model.gguf",
        "qwen3_5_bf16/model",
        "gemma3_bf16/model",
        "qwen3_moe_bf16/model"),
    [](const auto& test) {
      const std::string name = test.param;
      return name.substr(0, name.find('/'));
    });

TEST(Parallel, AReaderThatStallsHoldsNobodyUp) {
  Engine engine(options(kTiny, 2));
  std::mutex mutex;
  std::condition_variable changed;
  bool stalled = false;
  bool other_ended = false;
  bool saw_the_end = false;
  int pieces = 0;
  const Observer stalls{.text = [&](std::string_view) {
    std::unique_lock lock(mutex);
    if (++pieces == 3) {
      stalled = true;
      changed.notify_all();
      saw_the_end = changed.wait_for(
          lock, std::chrono::seconds(60), [&] { return other_ended; });
    }
  }};
  Result first;
  std::thread thread(
      [&] { first = engine.generate(raw("abc def", 40), stalls); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stalled; });
  }
  const Result second = engine.generate(raw("xyz", 30, 1));
  {
    const std::lock_guard lock(mutex);
    other_ended = true;
  }
  changed.notify_all();
  thread.join();
  EXPECT_TRUE(saw_the_end);
  EXPECT_EQ(second.completion_tokens(), 30);
  EXPECT_EQ(
      first.token_ids,
      Engine(options(kTiny, 1)).generate(raw("abc def", 40)).token_ids);
}

TEST(Parallel, AConversationKeepsItsCacheBesideOthers) {
  Engine engine(options(kTiny, 2));
  const std::string mine(90, 'm');
  const std::string other(60, 'o');
  EXPECT_EQ(engine.generate(raw(mine)).cached_tokens, 0);
  EXPECT_EQ(engine.generate(raw(other)).cached_tokens, 0);
  // Each goes on; neither has lost anything to the other.
  const Result again = engine.generate(raw(mine + " more"));
  EXPECT_GT(again.cached_tokens, again.prompt_tokens * 2 / 3);
  const Result others = engine.generate(raw(other + " more"));
  EXPECT_GT(others.cached_tokens, others.prompt_tokens * 2 / 3);
  // A third takes the place of the one that was used longest ago.
  engine.generate(raw(std::string(50, 'x')));
  EXPECT_GT(engine.generate(raw(other + " more yet")).cached_tokens, 40);
}

TEST(Parallel, MoreThanThereIsRoomForWait) {
  Engine engine(options(kTiny, 2));
  std::vector<std::thread> threads;
  std::atomic<int> whole = 0;
  for (int i = 0; i < 7; ++i) {
    threads.emplace_back([&, i] {
      whole += engine.generate(raw("abc", 12, i)).completion_tokens() == 12;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(whole, 7);
}

TEST(Parallel, OneThatFailsLeavesTheOthersAlone) {
  Engine engine(options(kTiny, 2));
  Request bad = raw("abc def", 30);
  // Fails in the middle of its answer.
  const Observer throws{.text = [](std::string_view) {
    throw Error(ErrorCode::unavailable, "the reader is broken");
  }};
  std::atomic<int> failed = 0;
  std::thread thread([&] {
    for (int i = 0; i < 4; ++i) {
      try {
        engine.generate(bad, throws);
      } catch (const Error&) {
        ++failed;
      }
    }
  });
  const Result good = engine.generate(raw("ghi jkl", 60, 3));
  thread.join();
  EXPECT_EQ(failed, 4);
  EXPECT_EQ(
      good.token_ids,
      Engine(options(kTiny, 1)).generate(raw("ghi jkl", 60, 3)).token_ids);
}

TEST(Parallel, TheGuardStopsAllOfThem) {
  const TemporaryFolder folder;
  const std::string trace = folder.at("trace.jsonl");
  std::ofstream(trace) << "{\"t_s\": 0, \"pressure\": \"green\"}\n"
                          "{\"t_s\": 0.3, \"pressure\": \"red\"}\n"
                          "{\"t_s\": 0.9, \"pressure\": \"green\"}\n";
  EngineOptions guarded = options(kTiny, 2);
  guarded.memory.source = "replay:" + trace;
  Engine engine(guarded);
  const auto slow = [](std::string_view) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  };
  std::vector<Result> results(2);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&, i] {
      results[i] = engine.generate(raw("abc", 180, i), {.text = slow});
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (const Result& result : results) {
    EXPECT_EQ(result.finish_reason, FinishReason::memory);
    EXPECT_FALSE(result.memory.stop_reason.empty());
    EXPECT_FALSE(result.text.empty());
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  EXPECT_EQ(engine.generate(raw("abc")).finish_reason, FinishReason::length);
}

}  // namespace
}  // namespace bantam
