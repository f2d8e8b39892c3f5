// SPDX-License-Identifier: MIT
// Making environments with a Python that is a shell script: it makes folders
// where venv and pip would and fails where it is told to.
#include "backends/mlx_lm_setup.h"

#include <gtest/gtest.h>

#include "backends/mlx_lm_lock.h"
#include "base/error.h"
#include "fake_environment.h"

namespace bantam {
namespace {

// $FAIL names the step that fails; $calls gets every call.
constexpr const char* kPython = R"script(#!/bin/sh
root=@ROOT@
echo "$*" | tr '\n' ' ' >>"$root/calls"; echo >>"$root/calls"
fails() { [ -e "$root/fail-$1" ] && { echo "no $1 today" >&2; exit 1; }; }
case "$1 $2 $3" in
  -c*) fails probe; echo 3.12.1 ;;
  "-m venv "*)
    fails venv
    mkdir -p "$4/bin" "$4/lib/python3.12/site-packages"
    cp "$0" "$4/bin/python" ;;
  "-m pip install")
    env=$(dirname "$0")/..
    case "$*" in
      *--dry-run*)
        fails resolve
        while [ "$1" != --report ]; do shift; done
        cat >"$2" <<END
{"install": [{"metadata": {"name": "mlx_lm", "version": "0.31.3"},
  "download_info": {"archive_info": {"hashes": {"sha256": "aa"}}}},
 {"metadata": {"name": "numpy", "version": "2.0"},
  "download_info": {"archive_info": {"hashes": {"sha256": "bb"}}}}]}
END
        ;;
      *)
        fails install
        echo "Collecting numpy==2.0 (from x)"
        version=$(sed -n 's/^mlx-lm==\([0-9.]*\).*/\1/p' "$env/requirements.lock")
        mkdir -p "$env/lib/python3.12/site-packages/mlx_lm-$version.dist-info"
        { echo '#!/bin/sh'
          [ -e "$root/fail-help" ] && echo 'echo "ImportError: moved" >&2; exit 1'
          echo 'echo "usage: x [--model M] [--max-kv-size N]"'
        } >"$env/bin/mlx_lm.generate"
        chmod +x "$env/bin/mlx_lm.generate" ;;
    esac ;;
  *) exit 9 ;;
esac
)script";

class Maker {
 public:
  Maker() {
    std::string script = kPython;
    script.replace(script.find("@ROOT@"), 6, folder_.path());
    folder_.write("python", script);
    std::filesystem::permissions(
        folder_.at("python"), std::filesystem::perms::owner_all);
  }

  MadeEnvironment make(const std::string& pin = "") {
    lines.clear();
    return make_environment(
        {.environments = folder_.at("environments"),
         .pin = pin,
         .lock_file = lock_file,
         .python = folder_.at("python")},
        [&](const std::string& line) { lines += line + "\n"; });
  }

  std::string failure(const std::string& pin = "") {
    try {
      make(pin);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::unavailable) << error.what();
      return error.what();
    }
    return "";
  }

  void fail(const std::string& step) { folder_.write("fail-" + step, ""); }
  void mend(const std::string& step) {
    std::filesystem::remove(folder_.at("fail-" + step));
  }
  std::string calls() const {
    std::ifstream file(folder_.at("calls"));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<MlxLmEnvironment> list() const {
    return list_environments(folder_.at("environments"));
  }
  const TemporaryFolder& folder() const { return folder_; }

  std::string lock_file;
  std::string lines;

 private:
  TemporaryFolder folder_;
};

TEST(MlxLmSetup, FromTheShippedLock) {
  Maker maker;
  const MadeEnvironment made = maker.make(">=0.32,<0.33");
  EXPECT_FALSE(made.was_there);
  EXPECT_EQ(made.environment.state, EnvironmentState::complete)
      << made.environment.problem;
  EXPECT_EQ(made.environment.version, "0.32.2");
  EXPECT_EQ(made.environment.python, "3.12.1");
  EXPECT_EQ(made.environment.packages, packages_in(shipped_mlx_lm_lock()));
  EXPECT_NE(maker.calls().find("--require-hashes"), std::string::npos);
  EXPECT_EQ(maker.calls().find("--dry-run"), std::string::npos);
  EXPECT_NE(maker.lines.find("package 1 of at most"), std::string::npos);
  EXPECT_TRUE(maker.make().was_there);
}

TEST(MlxLmSetup, AnotherPinIsResolvedAndLocked) {
  Maker maker;
  const MlxLmEnvironment made = maker.make("==0.31.*").environment;
  EXPECT_EQ(made.version, "0.31.3");
  EXPECT_EQ(made.packages, 2);
  std::ifstream file(made.lock_file());
  const std::string lock{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(lock.find("mlx-lm==0.31.3 \\\n    --hash=sha256:aa\n"), lock.npos);
  EXPECT_NE(lock.find("numpy==2.0 \\\n    --hash=sha256:bb\n"), lock.npos);
  // The lock makes the same again, elsewhere, without asking what is newest.
  Maker other;
  other.lock_file = made.lock_file();
  EXPECT_EQ(other.make().environment.version, "0.31.3");
  EXPECT_EQ(other.calls().find("--dry-run"), std::string::npos);
}

TEST(MlxLmSetup, GoesOnWhereItStopped) {
  Maker maker;
  maker.fail("resolve");
  EXPECT_NE(
      maker.failure("==0.31.*").find("no resolve today"), std::string::npos);
  ASSERT_EQ(maker.list().size(), 1u);
  EXPECT_EQ(maker.list()[0].state, EnvironmentState::half_made);
  maker.mend("resolve");
  maker.fail("install");
  EXPECT_NE(
      maker.failure("==0.31.*").find("no install today"), std::string::npos);
  EXPECT_NE(maker.lines.find("half-made: going on"), std::string::npos);
  maker.mend("install");
  // What it had resolved still stands, though the index would say otherwise.
  maker.fail("resolve");
  EXPECT_EQ(maker.make("==0.31.*").environment.version, "0.31.3");
  EXPECT_NE(maker.calls().find("--force-reinstall"), std::string::npos);
}

TEST(MlxLmSetup, ABrokenOneIsMadeAnew) {
  Maker maker;
  const MlxLmEnvironment made = maker.make().environment;
  std::filesystem::remove(made.generate_program());
  EXPECT_EQ(maker.list()[0].state, EnvironmentState::broken);
  EXPECT_FALSE(maker.make().was_there);
  EXPECT_NE(maker.lines.find("is broken"), std::string::npos);
  EXPECT_EQ(maker.list()[0].state, EnvironmentState::complete);
}

TEST(MlxLmSetup, AHelpThatFailsIsExplained) {
  Maker maker;
  maker.fail("help");
  const std::string message = maker.failure("==0.31.*");
  EXPECT_NE(message.find("ImportError: moved"), std::string::npos) << message;
  EXPECT_NE(message.find(">=0.21.0,<=0.32.2"), std::string::npos) << message;
  maker.mend("help");
  EXPECT_FALSE(maker.make("==0.31.*").was_there);
}

TEST(MlxLmSetup, NoPython) {
  Maker maker;
  maker.fail("probe");
  const std::string message = maker.failure();
  EXPECT_NE(message.find("Python 3.11"), std::string::npos) << message;
  EXPECT_NE(message.find("no probe today"), std::string::npos) << message;
  EXPECT_TRUE(maker.list().empty());
}

TEST(MlxLmSetup, ALockThatContradictsThePin) {
  Maker maker;
  maker.lock_file =
      maker.folder().write("lock", "mlx-lm==0.30.0 --hash=sha256:aa\n");
  try {
    maker.make(">=0.32");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_request);
  }
}

TEST(MlxLmLock, TheShippedOne) {
  EXPECT_EQ(locked_mlx_lm(shipped_mlx_lm_lock(), "shipped"), "0.32.2");
  EXPECT_GT(packages_in(shipped_mlx_lm_lock()), 20);
  for (const char* package : {"\nmlx-cpu==", "\nmlx-metal==", "\nmlx=="}) {
    EXPECT_NE(shipped_mlx_lm_lock().find(package), std::string_view::npos);
  }
}

TEST(MlxLmLock, WhatIsNone) {
  for (const char* lock :
       {"",
        "mlx-lm==0.32.2\n",
        "numpy==2.0 --hash=sha256:aa\n",
        "mlx-lm>=0.32 --hash=sha256:aa\n",
        "--index-url x\nmlx-lm==0.32.2 --hash=sha256:aa\n",
        "mlx-lm==0.32.2 @ file://x --hash=sha256:aa\n",
        "numpy==2.0\nmlx-lm==0.32.2 --hash=sha256:aa\n"}) {
    EXPECT_THROW(locked_mlx_lm(lock, "test"), Error) << lock;
  }
  EXPECT_THROW(lock_of_report(Json::parse("{}")), Error);
  EXPECT_THROW(
      lock_of_report(
          Json::parse(
              R"({"install": [{"metadata": {"name": "x", "version": "1"}}]})")),
      Error);
}

}  // namespace
}  // namespace bantam
