// SPDX-License-Identifier: MIT
#include "backends/mlx_lm_environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "backends/mlx_lm_help.h"
#include "base/error.h"
#include "fake_environment.h"

namespace bantam {
namespace {

TEST(MlxLmEnvironment, Complete) {
  const FakeEnvironment fake("exit 0");
  const MlxLmEnvironment environment = fake.read();
  EXPECT_EQ(environment.state, EnvironmentState::complete)
      << environment.problem;
  EXPECT_EQ(environment.name, "mlx-lm-0.32.2");
  EXPECT_EQ(environment.version, "0.32.2");
  EXPECT_EQ(environment.python, "3.11.7");
}

// Each way to be broken is seen and named.
TEST(MlxLmEnvironment, Broken) {
  const auto broken = [](const auto& breaks, const std::string& words) {
    const FakeEnvironment fake("exit 0");
    breaks(fake);
    const MlxLmEnvironment environment = fake.read();
    EXPECT_EQ(environment.state, EnvironmentState::broken) << words;
    EXPECT_NE(environment.problem.find(words), std::string::npos)
        << environment.problem;
    EXPECT_FALSE(
        choose_environment(list_environments(fake.environments()), ""));
  };
  const auto without = [](const char* name) {
    return [name](const FakeEnvironment& fake) {
      std::filesystem::remove_all(fake.path(name));
    };
  };
  broken(without("bin/python"), "Python");
  broken(without("lib"), "mlx-lm is not in it");
  broken(without("bin/mlx_lm.generate"), "bin/mlx_lm.generate is gone");
  broken(without("requirements.lock"), "requirements.lock");
  broken(
      [](const FakeEnvironment& fake) {
        fake.write("requirements.lock", "other");
      },
      "requirements.lock");
  broken(
      [](const FakeEnvironment& fake) {
        fake.write("environment.json", "{\"format\": 1");
      },
      "environment.json:");
  broken(
      [](const FakeEnvironment& fake) {
        std::filesystem::rename(
            fake.path("lib/python3.11/site-packages/mlx_lm-0.32.2.dist-info"),
            fake.path("lib/python3.11/site-packages/mlx_lm-0.9.dist-info"));
      },
      "made with mlx-lm 0.32.2, but now has 0.9");
}

TEST(MlxLmEnvironment, HalfMade) {
  const FakeEnvironment fake("exit 0");
  std::filesystem::remove(fake.path("environment.json"));
  EXPECT_EQ(fake.read().state, EnvironmentState::half_made);
  EXPECT_NE(fake.read().problem, "");
}

TEST(MlxLmEnvironment, TheNewestThatThePinAllows) {
  std::vector<MlxLmEnvironment> all(4);
  all[0].version = "0.9.0";
  all[1].version = "0.32.2";
  all[2].version = "0.33.0";
  all[2].state = EnvironmentState::broken;
  all[3].version = "0.31.10";
  EXPECT_EQ(choose_environment(all, "")->version, "0.32.2");
  EXPECT_EQ(choose_environment(all, "<0.32")->version, "0.31.10");
  EXPECT_EQ(choose_environment(all, "~=0.9.0")->version, "0.9.0");
  EXPECT_FALSE(choose_environment(all, ">=0.33"));
}

TEST(MlxLmEnvironment, Names) {
  EXPECT_EQ(environment_name(""), "mlx-lm-0.32.2");
  EXPECT_EQ(environment_name(">=0.32,<0.33"), "mlx-lm-0.32.2");
  EXPECT_EQ(
      environment_name(">=0.15.0,<0.16.0"), "mlx-lm-from0.15.0-below0.16.0");
  EXPECT_EQ(environment_name("==0.31.*"), "mlx-lm-is0.31.x");
}

TEST(MlxLmEnvironment, Remove) {
  const FakeEnvironment fake("exit 0");
  EXPECT_THROW(remove_environment(fake.environments(), "../x"), Error);
  EXPECT_THROW(remove_environment(fake.environments(), ""), Error);
  EXPECT_THROW(remove_environment(fake.environments(), "mlx-lm-1"), Error);
  remove_environment(fake.environments(), "mlx-lm-0.32.2");
  EXPECT_TRUE(list_environments(fake.environments()).empty());
}

TEST(MlxLmEnvironment, Folder) {
  ::setenv("XDG_DATA_HOME", "/data", 1);
  EXPECT_EQ(environments_folder(""), "/data/bantam/environments");
  EXPECT_EQ(environments_folder("/mine/../x"), "/x");
  ::setenv("XDG_DATA_HOME", "relative", 1);  // counts as not set
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(environments_folder("").rfind("/home/me/", 0), 0u);
  ::unsetenv("XDG_DATA_HOME");
}

TEST(MlxLmHelp, Flags) {
  EXPECT_EQ(
      flags_in_help(kFakeHelp),
      (std::vector<std::string>{
          "--extra-eos-token",
          "--help",
          "--max-kv-size",
          "--max-tokens",
          "--model",
          "--prompt",
          "--seed",
          "--temp",
          "--top-p"}));
  EXPECT_TRUE(flags_in_help("").empty());
  EXPECT_TRUE(flags_in_help("Traceback: use --force\n").empty());
}

TEST(MlxLmHelp, IsRememberedUntilSomethingChanges) {
  const FakeEnvironment fake(
      "exit 0", "0.32.2", "echo x >>\"$here/asked\"; cat \"$here/help.txt\"");
  const auto asked = [&] {
    return std::filesystem::exists(fake.path("asked"))
        ? std::filesystem::file_size(fake.path("asked")) / 2
        : 0;
  };
  EXPECT_TRUE(mlx_lm_help(fake.read()).has("--max-kv-size"));
  EXPECT_FALSE(mlx_lm_help(fake.read()).has("--nothing-else"));
  EXPECT_TRUE(mlx_lm_help(fake.read()).remembered);
  EXPECT_EQ(asked(), 1u);
  mlx_lm_help(fake.read(), true);
  EXPECT_EQ(asked(), 2u);
  fake.write_program("bin/mlx_lm.generate", "#!/bin/sh\nexit 3\n");
  EXPECT_NE(mlx_lm_help(fake.read()).problem, "");
}

TEST(MlxLmHelp, Failures) {
  const auto problem = [](const std::string& help) {
    const FakeEnvironment fake("exit 0", "0.32.2", help);
    return mlx_lm_help(fake.read()).problem;
  };
  EXPECT_EQ(
      problem("echo 'ImportError: cannot import name x' >&2; exit 1"),
      "exit code 1: ImportError: cannot import name x");
  EXPECT_EQ(problem("echo nothing"), "it lists no flags");
  EXPECT_EQ(problem("kill -9 $$"), "signal 9: it says nothing");
}

TEST(MlxLmHelp, LastWords) {
  EXPECT_EQ(last_words("a\nb\n\n  c\nd\ne\n"), "b | c | d | e");
  EXPECT_EQ(last_words("50%\r100%\r"), "50% | 100%");
  EXPECT_EQ(last_words("\x1b[31mred\x1b[0m"), "[31mred[0m");
}

}  // namespace
}  // namespace bantam
