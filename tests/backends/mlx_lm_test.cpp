// SPDX-License-Identifier: MIT
// mlx-lm as a child that behaves, and children that do not: none is left.
#include "backends/mlx_lm.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "backends/mlx_lm_help.h"
#include "base/error.h"
#include "fake_environment.h"

namespace bantam {
namespace {

constexpr const char* kAnswer = R"(
prompt=$(cat)
echo '=========='
printf 'You said: %s' "$prompt"
echo
echo '=========='
echo 'Prompt: 12 tokens, 24.000 tokens-per-sec'
echo 'Generation: 5 tokens, 10.000 tokens-per-sec'
echo 'Peak memory: 0.100 GB'
)";

Request request(const std::string& prompt = "hi") {
  Request request;
  request.messages = {{"user", prompt}};
  request.prompt = prompt;
  request.max_tokens = 8;
  return request;
}

struct Outcome {
  Result result;
  std::string streamed;
  std::optional<ErrorCode> error;
  std::string message;
  double seconds = 0;
};

Outcome run(
    const FakeEnvironment& environment,
    const Request& asked = request(),
    MlxLmOptions options = {},
    std::stop_token stop = {}) {
  options.program = environment.read().generate_program();
  options.settings.model = "/a/model";
  Outcome outcome;
  const auto start = std::chrono::steady_clock::now();
  try {
    MlxLm backend(std::move(options));
    outcome.result = backend.generate(
        asked,
        {.text = [&](std::string_view piece) { outcome.streamed += piece; }},
        stop);
  } catch (const Error& error) {
    outcome.error = error.code();
    outcome.message = error.what();
  }
  outcome.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  return outcome;
}

void expect_failure(const Outcome& outcome, const std::string& words) {
  EXPECT_EQ(outcome.error, ErrorCode::unavailable);
  EXPECT_NE(outcome.message.find(words), std::string::npos) << outcome.message;
  EXPECT_LT(outcome.seconds, 30);
}

TEST(MlxLm, Answers) {
  const FakeEnvironment environment(kAnswer);
  const Outcome outcome =
      run(environment, request("1 \\n 2\nand \xE2\x82\xAC 'x'\n\n"));
  ASSERT_FALSE(outcome.error) << outcome.message;
  // A shell's $(cat) takes line breaks off the end; the rest is untouched.
  EXPECT_EQ(outcome.result.text, "You said: 1 \\n 2\nand \xE2\x82\xAC 'x'");
  EXPECT_EQ(outcome.streamed, outcome.result.text);
  EXPECT_EQ(outcome.result.prompt_tokens, 12);
  EXPECT_EQ(outcome.result.completion_tokens(), 5);
  EXPECT_EQ(outcome.result.finish_reason, FinishReason::stop);
  EXPECT_DOUBLE_EQ(outcome.result.timing.prefill_s, 0.5);
  EXPECT_DOUBLE_EQ(outcome.result.timing.decode_s, 0.4);
  EXPECT_TRUE(environment.group_is_gone());
}

TEST(MlxLm, LengthIsTold) {
  Request asked = request();
  asked.max_tokens = 5;
  const Outcome outcome = run(FakeEnvironment(kAnswer), asked);
  EXPECT_EQ(outcome.result.finish_reason, FinishReason::length);
}

TEST(MlxLm, TheFlags) {
  Request asked = request("--help");
  asked.messages.insert(asked.messages.begin(), {"system", "-be brief"});
  asked.sampling.temperature = 0.7;
  asked.sampling.top_k = 20;
  asked.sampling.seed = 18446744073709551615u;
  asked.end_tokens = {"</s>", "7"};
  const std::vector<std::string> words = mlx_lm_arguments(
      {.model = "m", .max_kv_size = 99, .model_thinks = true}, asked);
  EXPECT_EQ(
      words,
      (std::vector<std::string>{
          "--model",
          "m",
          "--prompt",
          "-",
          "--max-tokens",
          "8",
          "--temp",
          "0.7",
          "--top-p",
          "1",
          "--top-k",
          "20",
          "--seed",
          "18446744073709551615",
          "--max-kv-size",
          "99",
          "--extra-eos-token",
          "</s>",
          "7",
          "--system-prompt=-be brief",
          "--chat-template-config={\"enable_thinking\":false}"}));
  EXPECT_EQ(
      flags_of(words),
      (std::vector<std::string>{
          "--model",
          "--prompt",
          "--max-tokens",
          "--temp",
          "--top-p",
          "--top-k",
          "--seed",
          "--max-kv-size",
          "--extra-eos-token",
          "--system-prompt",
          "--chat-template-config"}));
  asked.sampling.presence_penalty = 1;
  EXPECT_THROW(mlx_lm_arguments({}, asked), Error);
}

TEST(MlxLm, ExitsWithAnError) {
  const FakeEnvironment environment(
      "echo '=========='; printf 'half'; echo Traceback >&2; "
      "echo 'ValueError: Model type gpt9 not supported.' >&2; exit 1");
  const Outcome outcome = run(environment);
  expect_failure(
      outcome, "exit code 1: Traceback | ValueError: Model type gpt9");
  EXPECT_EQ(outcome.streamed, "half");
  EXPECT_TRUE(environment.group_is_gone());
}

TEST(MlxLm, IsMissing) {
  const FakeEnvironment environment("exit 0");
  std::filesystem::remove(environment.path("bin/mlx_lm.generate"));
  expect_failure(run(environment), "mlx_lm.generate: cannot be started");
}

TEST(MlxLm, PrintsGarbage) {
  const FakeEnvironment some("head -c 5000 /dev/urandom; exit 0");
  expect_failure(run(some), "without an answer");
  EXPECT_TRUE(some.group_is_gone());
  const FakeEnvironment endless("while :; do echo garbage garbage; done");
  expect_failure(run(endless), "no answer");
  EXPECT_TRUE(endless.group_is_gone());
  const FakeEnvironment babbling(
      "echo '=========='; while :; do echo garbage garbage; done");
  expect_failure(run(babbling), "more than 8 tokens can hold");
  EXPECT_TRUE(babbling.group_is_gone());
  const FakeEnvironment nothing("exit 0");
  expect_failure(run(nothing), "without an answer");
}

TEST(MlxLm, Hangs) {
  const FakeEnvironment environment(
      "echo '=========='; printf begun; sleep 1000 & sleep 1000");
  const Outcome outcome = run(environment, request(), {.silence_s = 0.5});
  expect_failure(outcome, "silent for 0.5 s");
  EXPECT_EQ(outcome.streamed, "begun");
  EXPECT_TRUE(environment.group_is_gone());
}

TEST(MlxLm, IgnoresTerminate) {
  const FakeEnvironment environment(
      "trap '' TERM INT HUP; echo '=========='; printf begun; "
      "while :; do sleep 0.1; done");
  std::stop_source stop;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    stop.request_stop();
  });
  const Outcome outcome = run(environment, request(), {}, stop.get_token());
  ASSERT_FALSE(outcome.error) << outcome.message;
  EXPECT_EQ(outcome.result.finish_reason, FinishReason::cancelled);
  EXPECT_EQ(outcome.result.text, "begun");
  EXPECT_LT(outcome.seconds, 30);
  EXPECT_TRUE(environment.group_is_gone());
}

TEST(MlxLm, DiesOfASignal) {
  const FakeEnvironment environment("kill -9 $$");
  expect_failure(run(environment), "signal 9");
}

TEST(MlxLm, StopStringsEndTheChild) {
  const FakeEnvironment environment(
      "echo '=========='; printf 'one. two. three.'; sleep 1000");
  Request asked = request();
  asked.stop = {" three"};
  const Outcome outcome = run(environment, asked);
  ASSERT_FALSE(outcome.error) << outcome.message;
  EXPECT_EQ(outcome.result.text, "one. two.");
  EXPECT_EQ(outcome.result.finish_reason, FinishReason::stop);
  EXPECT_FALSE(outcome.result.reported_tokens);
  EXPECT_TRUE(environment.group_is_gone());
}

// The guard stops it in time, whatever it does with the request.
TEST(MlxLm, TheGuardStopsIt) {
  const FakeEnvironment environment(
      "trap '' TERM; echo '=========='; printf begun; "
      "while :; do sleep 0.1; done");
  const TemporaryFolder folder;
  const auto stopped_by = [&](const std::string& second) {
    const std::string first =
        R"({"t_s": 0, "pressure": "green", "available_bytes": 9000000000,
            "total_bytes": 16000000000, "swap_used_bytes": 0,
            "swap_in_bytes": 0, "swap_out_bytes": 0})";
    std::string line = first;
    std::erase(line, '\n');
    MlxLmOptions options;
    options.rules.source =
        "replay:" + folder.write("trace.jsonl", line + "\n" + second + "\n");
    return run(environment, request(), std::move(options));
  };
  const Outcome red = stopped_by(R"({"t_s": 0.8, "pressure": "red"})");
  ASSERT_FALSE(red.error) << red.message;
  EXPECT_EQ(red.result.finish_reason, FinishReason::memory);
  EXPECT_EQ(red.result.text, "begun");
  EXPECT_NE(red.result.memory.stop_reason, "");
  ASSERT_TRUE(red.result.memory.stop_latency_s);
  EXPECT_LT(*red.result.memory.stop_latency_s, 5);
  EXPECT_TRUE(environment.group_is_gone());
}

TEST(MlxLm, TheTreesMemoryIsOurs) {
  // Two processes of some 40 MiB each, seen from outside.
  const FakeEnvironment environment(
      "python3 -c 'import time; a = bytearray(40 << 20); time.sleep(2)' & "
      "python3 -c 'import time; a = bytearray(40 << 20); time.sleep(2)'\n"
      "wait\n" +
      std::string(kAnswer));
  const Outcome outcome = run(environment);
  ASSERT_FALSE(outcome.error) << outcome.message;
  EXPECT_GT(outcome.result.memory.peak_bytes, int64_t{80} << 20);
  EXPECT_LT(outcome.result.memory.peak_bytes, int64_t{200} << 20);
}

TEST(MlxLm, KillEndsItAtOnce) {
  const FakeEnvironment environment(
      "trap '' TERM; echo '=========='; printf begun; sleep 1000");
  MlxLmOptions options;
  options.program = environment.read().generate_program();
  MlxLm backend(std::move(options));
  bool killed = false;
  try {
    backend.generate(
        request(), {.text = [&](std::string_view) { backend.kill(); }});
  } catch (const Error& error) {
    killed = error.code() == ErrorCode::unavailable;
  }
  EXPECT_TRUE(killed);
  EXPECT_TRUE(environment.group_is_gone());
}

}  // namespace
}  // namespace bantam
