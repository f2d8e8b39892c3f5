// SPDX-License-Identifier: MIT
// Children that behave, and children that do not: none is left behind.
#include "base/child_process.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "base/error.h"

namespace bantam {
namespace {

struct Finished {
  ChildResult result;
  std::string out, err;
  pid_t pid = 0;
  double seconds = 0;
};

// Whether no process of the group is there. A dead grandchild counts until
// process 1 has reaped it, which may take seconds.
bool group_is_gone(pid_t group) {
  for (int i = 0; i < 1000; ++i) {
    if (::kill(-group, 0) != 0) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

Finished run_script(
    const std::string& script,
    ChildLimits limits = {},
    std::stop_token stop = {}) {
  Finished run;
  const auto start = std::chrono::steady_clock::now();
  run.result = run_child(
      {.arguments = {"sh", "-c", script}, .environment = {"GIVEN=a b"}},
      limits,
      {.output =
           [&](ChildStream stream, std::string_view piece) {
             (stream == ChildStream::out ? run.out : run.err) += piece;
           },
       .started = [&](pid_t pid) { run.pid = pid; }},
      stop);
  run.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  EXPECT_TRUE(group_is_gone(run.pid)) << script;
  return run;
}

TEST(ChildProcess, OutputAndExitCode) {
  const Finished run = run_script("echo out; echo err >&2; exit 3");
  EXPECT_EQ(run.out, "out\n");
  EXPECT_EQ(run.err, "err\n");
  EXPECT_EQ(run.result.end, ChildEnd::exited);
  EXPECT_EQ(run.result.code, 3);
}

TEST(ChildProcess, EnvironmentAndInput) {
  ::setenv("GIVEN", "ours", 1);
  ::setenv("INHERITED", "yes", 1);
  const Finished run = run_script("echo \"$GIVEN $INHERITED\"; cat");
  EXPECT_EQ(run.out, "a b yes\n");
  ::unsetenv("GIVEN");
  ::unsetenv("INHERITED");
}

// More than a pipe holds, on both: nothing may wait for the other.
TEST(ChildProcess, LargeOutput) {
  const Finished run = run_script(
      "head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2; "
      "head -c 1000000 /dev/zero");
  EXPECT_EQ(run.out.size(), 2'000'000u);
  EXPECT_EQ(run.err.size(), 1'000'000u);
  EXPECT_EQ(run.result.code, 0);
}

TEST(ChildProcess, Signalled) {
  const Finished run = run_script("kill -9 $$");
  EXPECT_EQ(run.result.end, ChildEnd::signalled);
  EXPECT_EQ(run.result.code, SIGKILL);
}

TEST(ChildProcess, Missing) {
  try {
    run_child({.arguments = {"/nowhere/at/all"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unavailable);
    EXPECT_NE(
        std::string(error.what()).find("/nowhere/at/all"), std::string::npos);
  }
}

TEST(ChildProcess, HangsAndIsTimedOut) {
  const Finished run = run_script("echo begun; sleep 60", {.seconds = 0.3});
  EXPECT_EQ(run.result.end, ChildEnd::timed_out);
  EXPECT_EQ(run.out, "begun\n");
  EXPECT_LT(run.seconds, 20);
}

TEST(ChildProcess, InputIsGivenWhole) {
  std::string input(3'000'000, 'x');
  input += "\nlast";
  std::string out;
  run_child(
      {.arguments = {"cat"}, .input = input},
      {},
      {.output = [&](ChildStream, std::string_view piece) { out += piece; }});
  EXPECT_EQ(out, input);
}

TEST(ChildProcess, SilenceIsTimedOutAndOutputIsNot) {
  const Finished talks = run_script(
      "for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done", {.silence_s = 5});
  EXPECT_EQ(talks.result.end, ChildEnd::exited);
  const Finished hangs =
      run_script("echo begun >&2; sleep 60", {.silence_s = 0.3});
  EXPECT_EQ(hangs.result.end, ChildEnd::timed_out);
  EXPECT_LT(hangs.seconds, 20);
}

TEST(ChildProcess, ClosedPipesAreNotTheEnd) {
  const Finished run = run_script("exec >&- 2>&-; sleep 0.3; exit 4");
  EXPECT_EQ(run.result.code, 4);
  const Finished hung = run_script("exec >&- 2>&-; sleep 60", {.seconds = 0.3});
  EXPECT_EQ(hung.result.end, ChildEnd::timed_out);
}

TEST(ChildProcess, IgnoresTerminateAndIsKilled) {
  const Finished run = run_script(
      "trap '' TERM INT; while :; do sleep 0.05; done",
      {.seconds = 0.2, .grace_s = 0.2});
  EXPECT_EQ(run.result.end, ChildEnd::timed_out);
  EXPECT_LT(run.seconds, 20);
}

TEST(ChildProcess, StopsWhenAsked) {
  std::stop_source stop;
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    stop.request_stop();
  });
  const Finished run = run_script(
      "trap 'echo kept; exit 0' TERM; while :; do sleep 0.05; done",
      {},
      stop.get_token());
  later.join();
  EXPECT_EQ(run.result.end, ChildEnd::stopped);
  EXPECT_EQ(run.out, "kept\n");  // what it says while it ends is heard
}

// A process that the child leaves in its group, which keeps the pipes open.
TEST(ChildProcess, GrandchildrenAreEnded) {
  const Finished run =
      run_script("(trap '' TERM; sleep 60) & echo done; exit 5");
  EXPECT_EQ(run.result.code, 5);
  EXPECT_EQ(run.out, "done\n");
  EXPECT_LT(run.seconds, 20);
}

TEST(ChildProcess, AThrowingObserverEndsTheChild) {
  pid_t pid = 0;
  EXPECT_THROW(
      run_child(
          {.arguments = {"sh", "-c", "while :; do echo garbage; done"}},
          {},
          {.output =
               [](ChildStream, std::string_view) {
                 throw Error(ErrorCode::unavailable, "enough");
               },
           .started = [&](pid_t started) { pid = started; }}),
      Error);
  EXPECT_TRUE(group_is_gone(pid));
}

// The program blocks signals while it answers; a child must not inherit that.
TEST(ChildProcess, SignalsAreNotBlocked) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const Finished run = run_script("sleep 60", {.seconds = 0.2, .grace_s = 30});
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(run.result.end, ChildEnd::timed_out);
  EXPECT_LT(run.seconds, 20);
}

}  // namespace
}  // namespace bantam
