// SPDX-License-Identifier: MIT
// What an engine does with memory: it gives all of it back, it stops when the
// machine is in trouble, and an allocation that fails ends in a clean error.
#include <gtest/gtest.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <new>
#include <thread>

#include "../base/temporary_folder.h"
#include "bantam/engine.h"

namespace {

// Of this thread alone: MLX's own threads allocate in destructors and end the
// program when they get nothing, which no caller can prevent.
thread_local long allocations = 0;
// The allocation that fails when it has counted down to 0; negative: none.
thread_local long until_failure = -1;

bool fails_now() {
  ++allocations;
  return until_failure >= 0 && until_failure-- == 0;
}

}  // namespace

// The whole program's, MLX included.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (!fails_now()) {
    if (void* memory = std::malloc(size > 0 ? size : 1)) {
      return memory;
    }
  }
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace bantam {
namespace {

const std::string kModel = BANTAM_TEST_DIR "/models/llama_gguf_q4_0/model.gguf";

EngineOptions options() {
  return {.model = kModel, .threads = 2, .max_kv_size = 64};
}

Request request(int64_t max_tokens = 8) {
  Request request;
  request.prompt = "abc abc abc";
  request.use_chat_template = false;
  request.max_tokens = max_tokens;
  return request;
}

std::vector<int32_t> answer() {
  Engine engine(options());
  return engine.generate(request()).token_ids;
}

// True if loading failed, cleanly. (Once the model computes, MLX allocates in
// destructors on this thread too.)
bool fails_at(long allocation) {
  until_failure = allocation;
  bool failed = false;
  try {
    Engine engine(options());
    until_failure = -1;
    engine.generate(request());
  } catch (const Error&) {
    failed = true;
  } catch (const std::bad_alloc&) {
    failed = true;
  }
  until_failure = -1;
  return failed;
}

TEST(EngineMemory, AnAllocationThatFailsEndsInACleanError) {
  const std::vector<int32_t> expected = answer();
  const long before = allocations;
  Engine{options()};
  const long total = allocations - before;
  ASSERT_GT(total, 500);
  int failures = 0;
  for (long n = 0; n < 200; ++n) {
    failures += fails_at(n) ? 1 : 0;
  }
  // Some are caught on the way (a cache that is done without).
  EXPECT_GT(failures, 150);
  // And all over the rest of loading.
  for (long n = 200; n < total; n += 7) {
    fails_at(n);
  }
  EXPECT_EQ(answer(), expected);
}

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
TEST(EngineMemory, TwoHundredRunsLeakNothing) {
  Engine engine(options());
  const auto heap = [&] {
    return static_cast<int64_t>(mallinfo2().uordblks) +
        static_cast<int64_t>(mallinfo2().hblkhd);
  };
  for (int i = 0; i < 20; ++i) {  // until every lazy thing is there
    engine.generate(request());
    answer();
  }
  const int64_t before = heap();
  for (int i = 0; i < 200; ++i) {
    engine.generate(request());
  }
  for (int i = 0; i < 20; ++i) {
    answer();  // a whole engine each
  }
  EXPECT_LT(heap() - before, 64 << 10);
}
#endif

TEST(EngineMemory, TheGuardStopsARunAndTheNextOneStartsAfresh) {
  const TemporaryFolder folder;
  const std::string trace = folder.at("trace.jsonl");
  std::ofstream(trace) << R"({"t_s": 0, "pressure": "green"})" << "\n"
                       << R"({"t_s": 0.2, "pressure": "red"})" << "\n"
                       << R"({"t_s": 1.0, "pressure": "green"})" << "\n";
  EngineOptions guarded = options();
  guarded.memory.source = "replay:" + trace;
  Engine engine(guarded);
  // Slow enough to be running at 0.2 s, whatever the machine.
  const Result stopped = engine.generate(
      request(200), {.text = [](std::string_view) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }});
  EXPECT_EQ(stopped.finish_reason, FinishReason::memory);
  EXPECT_GT(stopped.completion_tokens(), 0);
  EXPECT_LT(stopped.completion_tokens(), 200);
  EXPECT_EQ(stopped.memory.pressure_max, "red");
  EXPECT_FALSE(stopped.memory.stop_reason.empty());
  ASSERT_TRUE(stopped.memory.stop_latency_s.has_value());
  EXPECT_LT(*stopped.memory.stop_latency_s, 1);

  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
  const Result next = engine.generate(request());
  EXPECT_EQ(next.finish_reason, FinishReason::length);
  EXPECT_EQ(next.memory.pressure_max, "green");
  EXPECT_EQ(next.token_ids, answer());
}

TEST(EngineMemory, RefusesBeforeAnyWeightIsRead) {
  EngineOptions small = options();
  small.memory.budget_bytes = 1 << 20;
  try {
    Engine engine(small);
    FAIL() << "it started";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::insufficient_memory);
    EXPECT_NE(std::string(error.what()).find("--budget"), std::string::npos);
  }
}

}  // namespace
}  // namespace bantam
